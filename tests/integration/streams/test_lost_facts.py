"""A broker that comes back without the facts is no new factory: a worker refuses, and writes nothing (F6)."""

from pathlib import Path

import pytest

from streams.exits import REFUSED_EXIT
from streams.known_facts import FILE
from tests.integration.streams.factory import Factory, until
from tests.integration.streams.test_faults import send_some
from topics.catalogue import FACT_TOPICS

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

FACTS = "cp.projects.events.v1"


def lose(factory: Factory, *topics: str) -> None:
    """Delete topics and wait until they are gone."""
    names = [factory.layout.physical(topic) for topic in topics]
    for answer in factory.admin.delete_topics(names).values():
        answer.result(60)
    until(
        lambda: not set(names) & set(factory.admin.list_topics(timeout=10).topics),
        "the topics are gone",
    )


@pytest.mark.parametrize("again", [True, False])
def test_facts_that_were_lost_are_refused_and_nothing_is_written(
    kafka: str, tmp_path: Path, again: bool
) -> None:
    factory = Factory(kafka, tmp_path)
    with factory.worker() as worker:
        send_some(factory, 8)
        factory.wait_for(FACTS, 8)
        assert worker.stop() == 0
    lose(factory, FACTS)
    if again:
        factory.create_topics(FACTS)
        send_some(factory, 4)
    with factory.worker() as worker:
        assert worker.ended() == REFUSED_EXIT
        assert worker.said("has lost the facts")
    if again:
        assert factory.envelopes(FACTS) == []


def test_a_new_factory_may_begin_where_a_person_says_so(kafka: str, tmp_path: Path) -> None:
    factory = Factory(kafka, tmp_path)
    with factory.worker() as worker:
        until(worker.is_running, "the worker runs")
        assert worker.stop() == 0
    lose(factory, *FACT_TOPICS)
    factory.create_topics()
    (tmp_path / FILE).unlink()
    send_some(factory, 4)
    with factory.worker():
        factory.wait_for(FACTS, 4)
