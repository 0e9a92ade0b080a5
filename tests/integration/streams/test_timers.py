"""Deadlines: they fire once, after an outage too, and never before what was queued ahead of them."""

import time
from pathlib import Path

import pytest

from schemas.codec import decode_payload, encode_envelope
from schemas.ids import TenantId
from streams.timers import timer_envelope
from streams.wiring import Key
from tests.integration.streams.factory import Factory, until
from tests.integration.streams.toy import AddMarbles, JarSpilled, MarblesAdded
from topics import naming

pytestmark = pytest.mark.kafka


def in_ms(milliseconds: int) -> int:
    """Give an instant from now, microseconds UTC."""
    return time.time_ns() // 1000 + milliseconds * 1000


def test_a_deadline_fires_once_as_the_engine_itself(kafka: str, tmp_path: Path) -> None:
    factory = Factory(kafka, tmp_path)
    with factory.worker() as worker:
        until(worker.is_running, "the worker runs")
        deadline = in_ms(300)
        factory.send(AddMarbles(jar_id="j", count=5, spills_at=deadline))
        events = factory.wait_for("cp.projects.events.v1", 2)
        late_ms = (events[1].occurred_at - deadline) / 1000
        assert 0 <= late_ms < 1000
        assert worker.status()["timersFired"] == 1
    assert factory.facts()[1] == JarSpilled(jar_id="j", lost=5, deadline=deadline)
    assert (events[1].actor_type, events[1].actor_id) == ("system", "factory")
    assert events[1].cause_topic == naming.TIMERS


def test_after_an_outage_what_was_queued_comes_before_the_deadline(
    kafka: str, tmp_path: Path
) -> None:
    factory = Factory(kafka, tmp_path)
    with factory.worker() as worker:
        until(worker.is_running, "the worker runs, so that the deadline finds it gone")
        deadline = in_ms(4000)
        factory.send(AddMarbles(jar_id="saved", count=1, spills_at=deadline))
        factory.send(AddMarbles(jar_id="lost", count=1, spills_at=deadline))
        factory.wait_for("cp.projects.events.v1", 2)
        worker.kill()
    # While the worker is away the jar is saved, as a heartbeat would; the deadline passes unseen.
    for _ in range(3000):
        factory.send(AddMarbles(jar_id="other", count=1))
    factory.send(AddMarbles(jar_id="saved", count=1, spills_at=None))
    factory.flush()
    until(lambda: in_ms(0) > deadline + 500_000, "the deadline has passed")
    with factory.worker():
        factory.wait_for("cp.projects.events.v1", 3004)
    facts = factory.facts()
    spilled = [fact for fact in facts if isinstance(fact, JarSpilled)]
    assert spilled == [JarSpilled(jar_id="lost", lost=1, deadline=deadline)]
    assert isinstance(facts[-1], JarSpilled), "after everything that was queued"


def test_a_second_copy_and_a_moved_record_are_silent(kafka: str, tmp_path: Path) -> None:
    factory = Factory(kafka, tmp_path)
    key = Key(TenantId("acme"), "Jar", "j")
    with factory.worker():
        deadline = in_ms(100)
        factory.send(AddMarbles(jar_id="j", count=5, spills_at=deadline))
        factory.wait_for("cp.projects.events.v1", 2)
        for _ in range(2):
            copy = encode_envelope(timer_envelope(deadline, key))
            factory.put(copy, "acme", topic=naming.TIMERS)
        factory.flush()
        factory.send(AddMarbles(jar_id="j", count=1))
        factory.wait_for("cp.projects.events.v1", 3)
    assert [type(fact) for fact in factory.facts()] == [MarblesAdded, JarSpilled, MarblesAdded]


def test_a_timer_that_was_sent_before_its_deadline_fires_at_the_deadline(
    kafka: str, tmp_path: Path
) -> None:
    factory = Factory(kafka, tmp_path)
    key = Key(TenantId("acme"), "Jar", "j")
    with factory.worker():
        deadline = in_ms(2500)
        factory.send(AddMarbles(jar_id="j", count=5, spills_at=deadline))
        factory.wait_for("cp.projects.events.v1", 1)
        factory.put(encode_envelope(timer_envelope(deadline, key)), "acme", topic=naming.TIMERS)
        events = factory.wait_for("cp.projects.events.v1", 2)
    assert events[1].occurred_at >= deadline
    assert decode_payload(events[1].payload_schema_id, events[1].payload) == JarSpilled(
        jar_id="j", lost=5, deadline=deadline
    )


@pytest.mark.timeout(120)
def test_a_kill_right_after_a_timer_was_sent_fires_it_once(kafka: str, tmp_path: Path) -> None:
    factory = Factory(kafka, tmp_path)
    with factory.worker(FACTORY_CRASH_AT="fired:1") as worker:
        deadline = in_ms(1500)
        factory.send(AddMarbles(jar_id="j", count=5, spills_at=deadline))
        factory.flush()
        assert worker.ended() == -9
    with factory.worker() as worker:
        factory.wait_for("cp.projects.events.v1", 2)
        factory.send(AddMarbles(jar_id="j", count=1))
        factory.wait_for("cp.projects.events.v1", 3)
    assert [type(fact) for fact in factory.facts()] == [MarblesAdded, JarSpilled, MarblesAdded]
