"""The DuckDB file: locked down, one owner, set aside on doubt, one transaction a batch."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import duckdb
import pytest

from query import questions, store
from query.order import Head
from query.store import (
    QueryDeadlineError,
    RowRefusedError,
    Store,
    StoreBusyError,
    StoreDoubtError,
    StoreLockedError,
    StoreUnavailableError,
    layout,
    open_store,
    set_aside,
)
from tests.unit.query.story import story
from tests.unit.query.views import World


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "ATTACH '/tmp/other.db'",
        "COPY audit TO '/tmp/audit.csv'",
        "EXPORT DATABASE '/tmp/export'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET memory_limit = '10GB'",
        "SET threads = 64",
        "RESET memory_limit",
        "PRAGMA enable_external_access",
        "SET enable_external_access = true",
        "INSERT INTO properties VALUES ('a', 'b')",
        "DELETE FROM audit",
        "DROP TABLE audit",
        "CREATE TABLE mine AS SELECT 1",
        "WITH i AS (INSERT INTO properties VALUES ('a', 'b') RETURNING *) SELECT * FROM i",
    ],
)
def test_a_read_can_neither_write_nor_leave_the_database(shown: World, statement: str) -> None:
    with pytest.raises(duckdb.Error), shown.store.reading() as snapshot:
        snapshot._cursor.execute(statement).fetchall()
    with shown.store.reading() as snapshot:
        assert snapshot.ask("operator/properties", {})


def test_a_question_beyond_the_deadline_is_interrupted_and_the_store_goes_on(world: World) -> None:
    with pytest.raises(QueryDeadlineError), world.store.reading(deadline_s=0.2) as snapshot:
        snapshot._cursor.execute(
            "SELECT count(*) FROM range(100000000) a, range(1000) b"
        ).fetchall()
    with world.store.reading() as snapshot:
        assert snapshot.ask("operator/heads", {})


def test_more_questions_than_places_are_turned_away(world: World) -> None:
    with ExitStack() as held:
        for _ in range(store.QUERIES_AT_ONCE):
            held.enter_context(world.store.reading())
        with pytest.raises(StoreBusyError), world.store.reading(deadline_s=0.05):
            raise AssertionError("a place too many")


def test_a_refused_value_takes_the_whole_batch_back(world: World) -> None:
    before = world.store.heads()
    head = Head("acme", 99, 0, 0, None)
    with pytest.raises(RowRefusedError):
        world.store.write(
            {"properties": [("a", "b")], "usage_lines": [("acme",) + ("x",) * 20]}, {}, [head]
        )
    assert world.store.heads() == before
    assert "a" not in world.store.properties()
    world.store.write({"properties": [("a", "b")]}, {("t", 1): 5}, [])
    assert world.store.positions()["t", 1] == 5


def test_another_process_is_told_who_holds_the_file(world: World) -> None:
    script = (
        "import sys; from pathlib import Path; from query.store import Store\n"
        f"Store(Path({str(world.store.path)!r}))"
    )
    refused = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert StoreLockedError.__name__ in refused.stderr
    assert "are held by process" in refused.stderr


def test_a_file_of_another_layout_is_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "views.duckdb"
    first, reason = open_store(path)
    assert reason == ""
    first.set_property("mine", "1")
    first.close()
    monkeypatch.setattr(store, "layout", lambda: "another")
    second, reason = open_store(path)
    assert "another layout" in reason
    assert "mine" not in second.properties()
    second.close()
    assert len(list(tmp_path.glob("*.doubt-*"))) == 1


def test_rows_that_do_not_fit_their_heads_are_a_doubt(tmp_path: Path) -> None:
    world = World(tmp_path, story("acme").facts())
    world.store.write({}, {}, [Head("acme", 3, 0, 0, None)])
    world.close()
    with pytest.raises(StoreDoubtError, match="tenant acme has"):
        Store(world.store.path)
    fresh, reason = open_store(world.store.path)
    assert "tenant acme" in reason
    assert fresh.heads() == {}
    fresh.close()


def test_only_the_newest_doubtful_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "views.duckdb"
    for content in (b"one", b"two"):
        path.write_bytes(content)
        set_aside(path)
    kept = list(tmp_path.glob("*.doubt-*"))
    assert [file.read_bytes() for file in kept] == [b"two"]


def test_a_torn_write_ahead_log_goes_back_to_an_earlier_commit(tmp_path: Path) -> None:
    facts = story("acme", "globex").facts()
    world = World(tmp_path / "a", facts, batch=3)
    source = world.store.path
    wal = source.with_name(source.name + ".wal").read_bytes()
    main = source.read_bytes()
    for part in (1, 5, 9, 11):
        folder = tmp_path / f"torn-{part}"
        folder.mkdir()
        (folder / source.name).write_bytes(main)
        (folder / (source.name + ".wal")).write_bytes(wal[: len(wal) * part // 12])
        healed = World(folder, facts)
        assert healed.rows() == world.rows()
        healed.close()
    world.close()


def test_a_full_disk_is_told_apart_from_a_bad_value(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def begin(self) -> None:
            raise duckdb.IOException("No space left on device")

        def rollback(self) -> None:
            raise duckdb.TransactionException("no transaction")

        def close(self) -> None:
            return

    monkeypatch.setattr(world.store, "_writer", Full())
    with pytest.raises(StoreUnavailableError, match="No space"):
        world.store.write({}, {("t", 1): 1}, [])


def test_every_question_is_one_select_that_names_its_tenant() -> None:
    for name in questions.names():
        assert "tenant_id" in questions.question(name).parameters, name
    for name in questions.names("operator"):
        assert questions.question(f"operator/{name}").text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SELECT 1;", "does not bind"),
        ("SELECT $tenant_id; DROP TABLE audit;", "not one SELECT"),
        ("DELETE FROM audit WHERE tenant_id = $tenant_id;", "not one SELECT"),
    ],
)
def test_a_question_file_that_is_no_question_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, why: str
) -> None:
    (tmp_path / "bad.sql").write_text(text)
    monkeypatch.setattr(questions, "_SQL", tmp_path)
    questions.question.cache_clear()
    with pytest.raises(questions.QuestionError, match=why):
        questions.question("bad")
    questions.question.cache_clear()


def test_the_layout_follows_the_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    before = layout()
    monkeypatch.setattr(store, "VERSIONS", {**store.VERSIONS, "audit": 99})
    assert layout() != before
