"""The guards of runtime.md §4 that no kill shows: positions, the group, the ends of logs. Numbers are the guards'."""

import threading
from pathlib import Path

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from schemas.codec import encode_state
from schemas.ids import TenantId
from schemas.messages.runtime.state import TenantHead
from streams.exits import DOUBT_EXIT
from streams.records import OutputRecord
from streams.restore import Restorer
from streams.state_key import state_key
from streams.wiring import Key
from tests.integration.streams.factory import Factory, until
from tests.integration.streams.test_faults import check_outcomes, send_some
from topics import naming
from topics.partition import partition_of
from topics.settings import producer_options

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


def decided(factory: Factory, count: int) -> list[object]:
    """Run a worker over some commands and stop it; give what was sent."""
    sent = send_some(factory, count)
    with factory.worker() as worker:
        factory.wait_for("cp.projects.events.v1", count)
        assert worker.stop() == 0
    return list(sent)


def cut(factory: Factory, topic: str, share: float = 1.0) -> None:
    """Delete the first part of a topic's records."""
    name = factory.layout.physical(topic)
    ends = factory.ends.end([(name, number) for number in range(factory.partitions)])
    places = [TopicPartition(name, number, int(end * share)) for (_, number), end in ends.items()]
    for future in factory.admin.delete_records(places).values():
        future.result(20)


def allow_deletion(factory: Factory, topic: str) -> None:
    """Let the broker delete records of a compacted topic: it refuses otherwise, an operator may not."""
    entry = ConfigEntry(
        "cleanup.policy", "compact,delete", incremental_operation=AlterConfigOpType.SET
    )
    resource = ConfigResource(
        ResourceType.TOPIC, factory.layout.physical(topic), incremental_configs=[entry]
    )
    for future in factory.admin.incremental_alter_configs([resource]).values():
        future.result(20)


def test_a_lost_group_decides_nothing_again(kafka: str, tmp_path: Path) -> None:
    """Guard 16: the positions inside the state count."""
    factory = Factory(kafka, tmp_path)
    sent = decided(factory, 40)
    other = f"{factory.settings.group}-other"
    with factory.worker(FACTORY_GROUP=other) as worker:
        until(worker.is_running, "the worker runs")
        sent += send_some(factory, 4)
        factory.wait_for("cp.projects.events.v1", 44)
    check_outcomes(factory, sent)  # type: ignore[arg-type]


def test_a_state_behind_the_group_is_a_doubt(kafka: str, tmp_path: Path) -> None:
    """Guard 16: state that is older than the group's offsets lost something."""
    factory = Factory(kafka, tmp_path)
    decided(factory, 8)
    name = factory.layout.physical(naming.COMMANDS)
    ahead = [TopicPartition(name, number, 1000) for number in range(factory.partitions)]

    def moved() -> bool:
        request = [ConsumerGroupTopicPartitions(factory.settings.group, ahead)]
        for future in factory.admin.alter_consumer_group_offsets(request).values():
            try:
                answer = future.result(20)
            except KafkaException:
                return False  # the stopped worker is a static member until its session ends
            return all(place.error is None for place in answer.topic_partitions)
        return False

    until(moved, "the group's offsets are moved")
    with factory.worker() as worker:
        assert worker.ended() == DOUBT_EXIT
        assert worker.said("is behind the group")


def test_a_position_that_the_log_has_no_more_is_a_doubt(kafka: str, tmp_path: Path) -> None:
    """Guard 6: what expired unread is never jumped over."""
    factory = Factory(kafka, tmp_path)
    decided(factory, 8)
    send_some(factory, 8)
    cut(factory, naming.COMMANDS)
    with factory.worker() as worker:
        assert worker.ended() == DOUBT_EXIT


def test_a_changelog_that_lost_its_beginning_is_rebuilt_once(kafka: str, tmp_path: Path) -> None:
    """F16: never a partial state."""
    factory = Factory(kafka, tmp_path)
    sent = decided(factory, 40)
    allow_deletion(factory, naming.STATE)
    cut(factory, naming.STATE, 0.5)
    with factory.worker() as worker:
        until(worker.is_running, "the worker runs")
        assert worker.status()["rebuiltPartitions"] == factory.partitions
        sent += send_some(factory, 20)
        factory.wait_for("cp.projects.events.v1", 60)
        assert worker.stop() == 0
    with factory.worker() as worker:
        until(worker.is_running, "the worker runs again")
        assert worker.status()["rebuiltPartitions"] == 0
    check_outcomes(factory, sent)  # type: ignore[arg-type]


def test_a_changelog_that_lacks_a_record_is_rebuilt(kafka: str, tmp_path: Path) -> None:
    """F16: a topic that was made anew under a running worker holds a part of the state only."""
    factory = Factory(kafka, tmp_path)
    sent = decided(factory, 40)
    key = state_key(Key(TenantId("acme"), "Jar", "j0"))
    number = partition_of("acme", factory.partitions)
    factory.put(None, "acme", topic=naming.STATE, key=key, partition=number)
    factory.flush()
    with factory.worker() as worker:
        until(worker.is_running, "the worker runs")
        assert worker.status()["rebuiltPartitions"] == 1
        sent += send_some(factory, 20)
        factory.wait_for("cp.projects.events.v1", 60)
    check_outcomes(factory, sent)  # type: ignore[arg-type]


def test_a_restore_waits_for_what_an_open_transaction_hides(kafka: str, tmp_path: Path) -> None:
    """Guards 7 and 8: the end is the high watermark; the last stable offset would hide later records."""
    factory = Factory(kafka, tmp_path, partitions=1)
    opened, later = (transactional(factory, name) for name in ("opened", "later"))
    put_head(factory, opened, "acme")
    put_head(factory, later, "bolt")
    later.commit_transaction(20)
    found: list[int] = []
    restorer = Restorer(factory.settings, factory.layout, factory.ends)

    def restore() -> None:
        found.append(len(restorer.restore([0])[0].store.entries))

    thread = threading.Thread(target=restore)
    thread.start()
    thread.join(2)
    assert thread.is_alive(), "it waits for the open transaction"
    opened.abort_transaction(20)
    thread.join(20)
    assert found == [1], "bolt's record, and not acme's that was aborted"


def transactional(factory: Factory, name: str) -> Producer:
    """Give a producer with a transaction open."""
    producer = Producer(
        {
            **producer_options(factory.bootstrap),
            "transactional.id": f"{factory.prefix}{name}",
        }
    )
    producer.init_transactions(20)
    producer.begin_transaction()
    return producer


def put_head(factory: Factory, producer: Producer, tenant: str) -> None:
    """Write a tenant's head to the changelog."""
    head = TenantHead(sequence=1, hash=bytes(32), decided_at=0, context_sequences=())
    key = state_key(Key(TenantId(tenant), "TenantHead", "head"))
    output = OutputRecord(naming.STATE, 0, key, encode_state(head, 0), None)
    producer.produce(factory.layout.physical(naming.STATE), output.value, output.key, 0)
    assert producer.flush(20) == 0
