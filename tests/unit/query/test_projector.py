"""The projector: batches of any size give the same rows; what cannot be read or stored is set aside, not lost."""

import threading
from pathlib import Path

import pytest

from query.order import Head
from query.projector import Projector
from query.store import RowRefusedError, StoreUnavailableError
from query.visible import Visible
from schemas.codec import decode_envelope, encode_payload
from schemas.messages.runtime.messages import DeadLetter
from tests.unit.query.recorded import Recorded, changed
from tests.unit.query.story import provision, start, story
from tests.unit.query.views import Tape, World
from topics import naming

TABLES = (
    "audit",
    "workflow_changes",
    "task_changes",
    "policy_decisions",
    "quota_limits",
    "quota_entries",
    "usage_lines",
    "artifacts",
    "lineage_edges",
    "tenant_changes",
    "project_changes",
)


def content(world: World) -> dict[str, list[tuple[object, ...]]]:
    return {
        table: sorted(world.store._writer.table(table).fetchall(), key=repr) for table in TABLES
    }


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_the_size_of_batches_changes_nothing(tmp_path: Path, batch: int) -> None:
    facts = story("acme", "globex").facts()
    whole, small = World(tmp_path / "a", facts), World(tmp_path / "b", facts, batch=batch)
    assert content(whole) == content(small)
    assert all(content(whole).values())
    whole.close()
    small.close()


def test_a_log_that_is_read_again_changes_nothing(tmp_path: Path) -> None:
    facts = story("acme").facts()
    world = World(tmp_path, facts)
    before = content(world)
    again = Projector(world.store, Tape(facts), Visible())  # type: ignore[arg-type]
    again.step()
    assert content(world) == before
    assert again.progress.repeated == len(facts)
    world.close()


def test_positions_and_rows_move_together(tmp_path: Path) -> None:
    log = story("acme")
    world = World(tmp_path, log.facts())
    positions = world.store.positions()
    for raw in log.facts():
        assert positions[raw.position[:2]] > raw.position.offset
    assert world.store.heads()["acme"].hash == log.tenants["acme"].hash
    world.close()


def test_an_unreadable_payload_keeps_its_place_in_the_order(tmp_path: Path) -> None:
    log = Recorded()
    provision(log, "acme")
    facts = log.facts()
    broken = changed(facts[1], payload=b"\xff\xff")
    world = World(tmp_path, [facts[0], broken, *facts[2:]])
    assert world.rows()["acme"] == log.tenants["acme"].sequence
    entry = world.get("/audit", outcome="Unreadable").json()["data"]
    assert [one["sequence"] for one in entry] == [2]
    letters = world.get("/dead-letters", "system", "PlatformAdmin").json()["data"]
    assert [one["source"] for one in letters] == [str(broken.position)]
    world.close()


def test_a_worker_s_dead_letter_is_shown_whole_and_once(tmp_path: Path) -> None:
    log = Recorded()
    letter = DeadLetter(
        stage="decode",
        code="MALFORMED_RECORD",
        rule="no frame",
        source_topic=naming.COMMANDS,
        source_partition=2,
        source_offset=7,
        appended_at=log.at,
        attempts=1,
        key=b"acme",
        value=b"\x00\xff",
        headers=(),
    )
    schema_id, payload = encode_payload(letter)
    value = b"\x00" + schema_id.to_bytes(4, "big") + payload
    log.put(naming.DEAD_LETTERS, 2, value)
    log.put(naming.DEAD_LETTERS, 2, value)
    log.put(naming.DEAD_LETTERS, 2, b"not even a letter")
    world = World(tmp_path, log.facts())
    letters = world.get("/dead-letters", "system", "PlatformAdmin").json()["data"]
    assert [one["source"] for one in letters] == [
        "cp.commands.v1:2:7",
        "cp.dead-letters.v1:2:2",
    ]
    assert letters[0]["recordKey"] == "acme"
    assert letters[0]["recordValue"].startswith("base64:")
    world.close()


def test_a_row_that_the_database_refuses_costs_itself_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, [])
    log = Recorded()
    provision(log, "acme")
    true = world.store.write

    def refuse(rows, positions, heads):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        if rows.get("project_changes"):
            raise RowRefusedError("a value too large")
        true(rows, positions, heads)

    monkeypatch.setattr(world.store, "write", refuse)
    world.tape.left = log.facts()
    world.project()
    assert world.rows()["acme"] == log.tenants["acme"].sequence
    letters = world.get("/dead-letters", "system", "PlatformAdmin").json()["data"]
    assert len(letters) == 1
    assert "a value too large" in letters[0]["rule"]
    world.close()


def test_a_full_disk_pauses_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, [])
    log = story("acme")
    true, failures = world.store.write, iter(range(2))
    problems = []

    def full(rows, positions, heads):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        if next(failures, None) is not None:
            raise StoreUnavailableError("No space left on device")
        problems.append(world.projector.progress.problem)
        true(rows, positions, heads)

    monkeypatch.setattr(world.store, "write", full)
    world.tape.left = log.facts()
    world.project()
    assert "No space left" in problems[0]
    assert world.projector.progress.problem == ""
    assert world.rows()["acme"] == log.tenants["acme"].sequence
    world.close()


def test_partitions_that_run_far_ahead_are_paused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("query.projector.HELD_RECORDS_MAX", 2)
    facts = story("acme").facts()
    world = World(tmp_path, facts[1:])
    assert world.tape.paused == {raw.position[:2] for raw in facts[1:]}
    world.tape.left = facts[:1]
    world.project()
    assert world.tape.paused == set()
    world.close()


def test_a_reader_waits_for_its_own_write_and_no_longer() -> None:
    visible = Visible()
    assert not visible.wait("acme", 1, 0.01)
    answers: list[bool] = []
    waiting = threading.Thread(target=lambda: answers.append(visible.wait("acme", 2, 10)))
    waiting.start()
    while not visible.is_waited_for:
        threading.Event().wait(0.001)
    log = Recorded()
    provision(log, "acme")
    envelope = decode_envelope(log.facts()[1].value)
    visible.publish([Head("acme", envelope.sequence or 0, 0, 0, None)])
    waiting.join(5)
    assert answers == [True]
    assert not visible.is_waited_for
    assert visible.wait("acme", 1, 0)


def test_an_unfinished_workflow_waits_for_an_agent(tmp_path: Path) -> None:
    log = Recorded()
    provision(log, "acme")
    start(log, "acme")
    world = World(tmp_path, log.facts())
    [row] = world.get("/workflows").json()["data"]
    assert row["status"] == "AwaitingAgent"
    world.close()
