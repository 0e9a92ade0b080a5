"""A worker that may not start: one sentence, an exit status of its own, nothing written, nobody disturbed."""

import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka.admin import NewPartitions
from msgspec import structs

from schemas.codec import decode_envelope, encode_envelope, encode_framed, seal
from schemas.messages.envelope import Envelope, StateEntry
from streams.exits import DOUBT_EXIT, REFUSED_EXIT
from streams.identity import GroupMembers, lock_path
from streams.state_key import POSITIONS_KEY
from tests.integration.streams.factory import Factory, Worker, command_id, until
from tests.integration.streams.test_faults import check_outcomes, send_some
from tests.integration.streams.test_rebuild import delete_state
from topics import naming
from topics.partition import partition_of

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

SUPERVISED = "tests.integration.streams.supervised_toy"
FACTS = "cp.projects.events.v1"
NEWER = 900_999
"""A schema id of a release to come."""
BEYOND_THE_TAIL = 40
"""Records after which a start does not see what was there before."""


def ends(factory: Factory) -> dict[tuple[str, int], int]:
    """Give the end of every partition of every topic of the factory."""
    found = factory.admin.list_topics(timeout=10).topics
    own = {name: topic for name, topic in found.items() if name.startswith(factory.prefix)}
    return factory.ends.end([(name, n) for name, topic in own.items() for n in topic.partitions])


def sentence(worker: Worker) -> str:
    """Wait for a refusal; give its one sentence."""
    assert worker.ended() == REFUSED_EXIT
    lines = worker.log.read_text().strip().splitlines()
    said = [line for line in lines if line.startswith("factory: ")]
    assert said == lines[-1:], lines
    assert not worker.said("Traceback")
    assert not worker.said("fail-stop")
    assert said[0].endswith(".")
    return said[0]


def refused(factory: Factory, name: str = "w1", **environment: str) -> str:
    """Start a worker that may not start; give its sentence, having seen that nothing was written."""
    before = ends(factory)
    with factory.worker(name, **environment) as worker:
        told = sentence(worker)
    assert ends(factory) == before
    return told


def decided(factory: Factory, count: int, **environment: str) -> list[Envelope]:
    """Let a worker decide some commands and stop; give them."""
    done = len(factory.read(FACTS))
    sent = send_some(factory, count)
    with factory.worker(**environment) as worker:
        factory.wait_for(FACTS, done + count)
        assert worker.stop() == 0
    return sent


def put(factory: Factory, topic: str, key: bytes, value: bytes, times: int = 1) -> None:
    """Append records to acme's partition of a topic that only workers write."""
    for _ in range(times):
        factory.put(value, "acme", topic=topic, key=key)
    factory.flush()


def newer_state() -> bytes:
    """Give a state record of a schema to come."""
    return encode_framed(StateEntry(aggregate_version=1, value_schema_id=NEWER, value=b"?"))


def bury(factory: Factory) -> None:
    """Append the newest positions again and again, so that a start does not see what is below."""
    number = partition_of("acme", factory.partitions)
    records = [m for m in factory.read(naming.STATE) if m.partition() == number]
    newest = [m.value() or b"" for m in records if m.key() == POSITIONS_KEY][-1]
    put(factory, naming.STATE, POSITIONS_KEY, newest, BEYOND_THE_TAIL)


def newer_fact(factory: Factory) -> bytes:
    """Give the next link of acme's chain, with a payload of a schema to come."""
    own = [m.value() or b"" for m in factory.read(FACTS)]
    last = [e for e in map(decode_envelope, own) if e.tenant_id == "acme"][-1]
    following = structs.replace(
        last,
        event_id=command_id(),
        sequence=(last.sequence or 0) + 1,
        context_sequence=(last.context_sequence or 0) + 1,
        cause_offset=(last.cause_offset or 0) + 1,
        payload_schema_id=NEWER,
        hash=None,
    )
    return seal(following, last.hash or b"")[0]


def unsequenced(factory: Factory) -> bytes:
    """Give a record that a rebuild reads and that changes no state."""
    newest = decode_envelope(factory.read(FACTS)[-1].value())
    return encode_envelope(structs.replace(newest, sequence=None, hash=None, cause_topic=None))


# -- (a) partitions ----------------------------------------------------------------------------------
def test_topics_of_another_partition_count_are_refused(kafka: str, tmp_path: Path) -> None:
    factory = Factory(kafka, tmp_path)
    sent = decided(factory, 8)
    factory.partitions = 4
    told = refused(factory)
    assert "another partition count than 4" in told
    assert f"{factory.layout.physical(naming.CATALOGUE)} has 2" in told
    assert "start the release that made the topics" in told
    factory.partitions = 2
    with factory.worker() as worker:
        until(worker.is_running, "with the right count it runs")
        sent += send_some(factory, 4)
        factory.wait_for(FACTS, 12)
    check_outcomes(factory, sent)


def test_topics_that_were_grown_under_their_state_are_refused(kafka: str, tmp_path: Path) -> None:
    factory = Factory(kafka, tmp_path)
    decided(factory, 8)
    topics = factory.admin.list_topics(timeout=10).topics
    own = [NewPartitions(name, 4) for name in topics if name.startswith(factory.prefix)]
    for future in factory.admin.create_partitions(own).values():
        future.result(20)
    factory.partitions = 4
    told = refused(factory)
    assert "was written when there were 2 partitions, now there are 4" in told


# -- (b) schemas of another release ------------------------------------------------------------------
def test_a_fact_under_a_schema_that_the_lock_lacks_is_refused(kafka: str, tmp_path: Path) -> None:
    factory = Factory(kafka, tmp_path)
    decided(factory, 8)
    put(factory, FACTS, b"acme", newer_fact(factory))
    told = refused(factory)
    assert f"schema id {NEWER} is not in the registry" in told
    assert "start the release that wrote it" in told


def test_a_fact_that_only_a_rebuild_reads_is_refused_before_anything_is_rebuilt(
    kafka: str, tmp_path: Path
) -> None:
    factory = Factory(kafka, tmp_path)
    decided(factory, 8)
    put(factory, FACTS, b"acme", newer_fact(factory))
    put(factory, FACTS, b"acme", unsequenced(factory), BEYOND_THE_TAIL)
    delete_state(factory)
    told = refused(factory)
    assert f"lacks a schema of {factory.layout.physical(FACTS)}" in told
    assert factory.read(naming.STATE) == []


@pytest.mark.parametrize("is_buried", [False, True])
def test_a_state_record_of_a_kind_that_the_lock_lacks_is_refused(
    kafka: str, tmp_path: Path, *, is_buried: bool
) -> None:
    factory = Factory(kafka, tmp_path)
    decided(factory, 8)
    put(factory, naming.STATE, b"acme|Vase|v1", newer_state())
    if is_buried:
        bury(factory)
    told = refused(factory)
    assert "lacks a schema of a record of kind Vase" in told


# -- (c) a newer version of state --------------------------------------------------------------------
@pytest.mark.parametrize("is_buried", [False, True])
def test_a_state_record_of_a_newer_version_is_refused(
    kafka: str, tmp_path: Path, *, is_buried: bool
) -> None:
    factory = Factory(kafka, tmp_path)
    decided(factory, 8)
    put(factory, naming.STATE, b"acme|TenantHead|head", newer_state())
    if is_buried:
        bury(factory)
    told = refused(factory)
    assert "A record of kind TenantHead in cp.state.v1" in told
    assert "is of a newer version than v1" in told


def test_positions_of_a_newer_version_are_refused(kafka: str, tmp_path: Path) -> None:
    factory = Factory(kafka, tmp_path)
    decided(factory, 8)
    put(factory, naming.STATE, POSITIONS_KEY, newer_state())
    assert "A record of kind InputPositions" in refused(factory)


# -- (d) the lease secret ----------------------------------------------------------------------------
OLD, NEW = f"k1:{'o' * 32}", f"k2:{'n' * 32}"


def test_another_lease_secret_is_refused_and_a_rotated_one_is_not(
    kafka: str, tmp_path: Path
) -> None:
    factory = Factory(kafka, tmp_path)
    sent = decided(factory, 8, FACTORY_LEASE_SECRET=OLD)
    told = refused(factory, FACTORY_LEASE_SECRET=f"k1:{'x' * 32}")
    assert "FACTORY_LEASE_SECRET has another key k1 than" in told
    assert "lacks key k1" in refused(factory, FACTORY_LEASE_SECRET=NEW)
    sent += decided(factory, 8, FACTORY_LEASE_SECRET=f"{NEW},{OLD}")
    sent += decided(factory, 8, FACTORY_LEASE_SECRET=NEW)
    assert "lacks key k2" in refused(factory, FACTORY_LEASE_SECRET=OLD)
    check_outcomes(factory, sent)
    secrets = [text.partition(":")[2].encode() for text in (OLD, NEW)]
    state = b"".join(message.value() or b"" for message in factory.read(naming.STATE))
    assert not any(secret in state for secret in secrets), "no secret is in the state"


def test_a_key_file_of_another_folder_is_refused(kafka: str, tmp_path: Path) -> None:
    factory = Factory(kafka, tmp_path)
    decided(factory, 8)
    other = tmp_path / "other"
    told = refused(factory, FACTORY_LOCAL=str(other))
    assert f"The lease secret in {other / 'keys' / 'lease.key'} has another key k1" in told


# -- (e) a name that is taken ------------------------------------------------------------------------
def member_of(factory: Factory) -> str:
    """Give the group's id of worker w1."""
    member = GroupMembers(replace(factory.settings, worker_name="w1")).of_this_name()
    assert member is not None
    return str(member.member_id)


@pytest.mark.parametrize("folder", ["the same", "another"])
def test_a_second_worker_of_one_name_is_refused_and_the_first_goes_on(
    kafka: str, tmp_path: Path, folder: str
) -> None:
    factory = Factory(kafka, tmp_path, environment={"FACTORY_LEASE_SECRET": OLD})
    local = tmp_path if folder == "the same" else tmp_path / "elsewhere"
    with factory.worker("w1") as first:
        until(first.is_running, "the first worker runs")
        sent = send_some(factory, 8)
        factory.wait_for(FACTS, 8)
        member = member_of(factory)
        told = refused(factory, "w1", FACTORY_LOCAL=str(local))
        assert "A worker named w1 runs already" in told
        assert "under another --name" in told
        if folder == "the same":
            assert f"as process {first.process.pid}" in told
        else:
            assert member in told
        assert member_of(factory) == member, "nobody joined in its place"
        sent += send_some(factory, 8)
        factory.wait_for(FACTS, 16)
        assert first.process.poll() is None
    check_outcomes(factory, sent)


def test_a_killed_worker_starts_again_at_once_though_the_group_still_has_it(
    kafka: str, tmp_path: Path
) -> None:
    session = {"FACTORY_SESSION_TIMEOUT_MS": "60000"}
    factory = Factory(kafka, tmp_path, environment=session)
    with factory.worker("w1") as first:
        until(first.is_running, "the first worker runs")
        member = member_of(factory)
        assert json.loads(lock_path(tmp_path, "w1").read_text())["member"] == member
        os.kill(first.process.pid, signal.SIGKILL)
        first.ended()
    started = time.monotonic()
    with factory.worker("w1") as second:
        until(second.is_running, "it runs again")
        assert time.monotonic() - started < 30, "half of the session that the dead member has"
        assert member_of(factory) != member


def test_a_worker_that_moves_to_another_folder_waits_for_the_end_of_its_dead_session(
    kafka: str, tmp_path: Path
) -> None:
    factory = Factory(kafka, tmp_path, environment={"FACTORY_LEASE_SECRET": OLD})
    with factory.worker("w1") as first:
        until(first.is_running, "the first worker runs")
        dead = member_of(factory)
        os.kill(first.process.pid, signal.SIGKILL)
        first.ended()
    with factory.worker("w1", FACTORY_LOCAL=str(tmp_path / "elsewhere")) as second:
        until(second.is_running, "it runs when the dead member is gone")
        assert member_of(factory) != dead


def test_of_two_supervised_workers_of_one_name_one_is_left(kafka: str, tmp_path: Path) -> None:
    """Started in the same instant both may join; the one that is fenced finds the other when it starts again."""
    factory = Factory(kafka, tmp_path, environment={"FACTORY_LEASE_SECRET": OLD})
    folders = [str(tmp_path / name) for name in ("here", "there")]
    with (
        factory.worker("w1", module=SUPERVISED, FACTORY_LOCAL=folders[0]) as one,
        factory.worker("w1", module=SUPERVISED, FACTORY_LOCAL=folders[1]) as other,
    ):
        pair = [one, other]
        try:
            until(lambda: any(w.process.poll() is not None for w in pair), "one gives in", 90)
            (refused_one,) = [w for w in pair if w.process.poll() is not None]
            (left,) = [w for w in pair if w.process.poll() is None]
            assert refused_one.ended() == REFUSED_EXIT
            assert "A worker named w1 runs already at" in refused_one.log.read_text()
            sent = send_some(factory, 8)
            factory.wait_for(FACTS, 8)
            assert left.stop() == 0
        finally:
            for worker in pair:
                if worker.process.poll() is None:
                    worker.stop()
    check_outcomes(factory, sent)


def test_a_worker_that_was_frozen_and_the_one_in_its_place_do_not_both_go_on(
    kafka: str, tmp_path: Path
) -> None:
    """Which of the two the group fences depends on what the frozen one sends first; the other is left."""
    factory = Factory(kafka, tmp_path, environment={"FACTORY_LEASE_SECRET": OLD})
    elsewhere = str(tmp_path / "elsewhere")
    with factory.worker("w1") as frozen:
        until(frozen.is_running, "the first worker runs")
        os.kill(frozen.process.pid, signal.SIGSTOP)
        with factory.worker("w1", FACTORY_LOCAL=elsewhere) as second:
            sent = send_some(factory, 8)
            factory.wait_for(FACTS, 8)
            os.kill(frozen.process.pid, signal.SIGCONT)
            places = {frozen: str(tmp_path), second: elsewhere}
            until(lambda: any(w.process.poll() is not None for w in places), "one is fenced")
            (fenced,) = [w for w in places if w.process.poll() is not None]
            assert fenced.ended() == DOUBT_EXIT
            sent += send_some(factory, 8)
            factory.wait_for(FACTS, 16)
            told = refused(factory, FACTORY_LOCAL=places[fenced])
            assert "A worker named w1 runs already at" in told
            assert sum(w.process.poll() is None for w in places) == 1
    check_outcomes(factory, sent)
