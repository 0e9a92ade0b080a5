"""The walk: a command becomes a fact, in one transaction with state and positions, and survives a restart."""

from pathlib import Path

import pytest

from tests.integration.streams.factory import Factory
from tests.integration.streams.toy import AddMarbles, MarblesAdded

pytestmark = pytest.mark.kafka


def test_a_command_becomes_a_fact_and_a_restart_goes_on_from_there(
    kafka: str, tmp_path: Path
) -> None:
    factory = Factory(kafka, tmp_path)
    with factory.worker() as worker:
        first = factory.send(AddMarbles(jar_id="j", count=2))
        factory.wait_for("cp.projects.events.v1", 1)
        assert worker.stop() == 0
    with factory.worker():
        second = factory.send(AddMarbles(jar_id="j", count=3))
        facts = factory.wait_for("cp.projects.events.v1", 2)
    assert factory.facts() == [
        MarblesAdded(jar_id="j", count=2, total=2),
        MarblesAdded(jar_id="j", count=3, total=5),
    ]
    assert [fact.causation_id for fact in facts] == [first.event_id, second.event_id]
    assert [fact.sequence for fact in facts] == [1, 2]
    assert [fact.aggregate_version for fact in facts] == [1, 2]
