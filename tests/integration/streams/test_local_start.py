"""The launcher with Apache Kafka itself: start, kill, start again, stop."""

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import IsolationLevel, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from streams.local import start_kafka, stop
from streams.local.ports import LOOPBACK
from tests.broker import folder_for_this_run
from topics.settings import client_options, producer_options

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

PARTITIONS = 64

TWO_STARTS = """
import sys
from pathlib import Path
from streams.local import start_kafka
print(start_kafka(Path(sys.argv[1])).pid)
"""


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    """Give the folder of a broker that these tests may stop and kill; each starts it if need be."""
    with folder_for_this_run("start") as found:
        yield found


def test_a_killed_broker_comes_back_at_the_same_place_with_its_records(directory: Path) -> None:
    before = start_kafka(directory)
    topic = _write_one(before.bootstrap)
    assert before.pid is not None
    os.kill(before.pid, signal.SIGKILL)

    after = start_kafka(directory)

    assert after.bootstrap == before.bootstrap
    assert after.pid != before.pid
    assert _end_offset(after.bootstrap, topic) == 1


def test_a_commit_that_was_acknowledged_survives_a_kill_right_after_it(directory: Path) -> None:
    """Its markers are written after the answer, so the broker dies with most of them to do (KAFKA-20734)."""
    broker = start_kafka(directory)
    topic = f"test-{uuid.uuid4()}"
    admin = AdminClient(client_options(broker.bootstrap))
    admin.create_topics([NewTopic(topic, PARTITIONS)], operation_timeout=10)[topic].result(10)
    options = producer_options(broker.bootstrap)
    for round_ in range(1, 3):
        producer = Producer(options | {"transactional.id": topic})
        producer.init_transactions(30)
        producer.begin_transaction()
        for partition in range(PARTITIONS):
            producer.produce(topic, b"kept", partition=partition)
        producer.commit_transaction(30)
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGKILL)
        broker = start_kafka(directory)
        assert _stable_ends(broker.bootstrap, topic, 2 * round_) == {2 * round_}


def test_starting_again_gives_the_broker_that_runs(directory: Path) -> None:
    assert start_kafka(directory) == start_kafka(directory)


def test_two_starters_at_once_share_one_broker(directory: Path) -> None:
    stop(directory)
    command = [sys.executable, "-c", TWO_STARTS, str(directory)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as first,
        subprocess.Popen(command, stdout=subprocess.PIPE) as second,
    ):
        pids = {starter.communicate(timeout=120)[0] for starter in (first, second)}
    assert pids == {f"{start_kafka(directory).pid}\n".encode()}


def test_the_broker_outlives_an_interrupt_of_its_starters_terminal(directory: Path) -> None:
    pid = start_kafka(directory).pid
    assert pid is not None
    assert os.getsid(pid) == pid != os.getsid(0)


def test_a_stopped_broker_is_gone_and_another_may_take_its_port(directory: Path) -> None:
    before = start_kafka(directory)
    port = int(before.bootstrap.split(":")[1])

    assert stop(directory)
    assert not stop(directory)

    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((LOOPBACK, port))
        other.listen()
        after = start_kafka(directory)
    assert after.bootstrap != before.bootstrap


def _write_one(bootstrap: str) -> str:
    topic = f"test-{uuid.uuid4()}"
    admin = AdminClient(client_options(bootstrap))
    admin.create_topics([NewTopic(topic, 1)], operation_timeout=10)[topic].result(10)
    producer = Producer(producer_options(bootstrap))
    producer.produce(topic, b"kept")
    assert producer.flush(10) == 0
    return topic


def _stable_ends(bootstrap: str, topic: str, wanted: int) -> set[int]:
    """Wait for the ends that a reader of committed records sees, a record and a marker for each transaction."""
    admin = AdminClient(client_options(bootstrap))
    asked = {
        TopicPartition(topic, partition): OffsetSpec.latest() for partition in range(PARTITIONS)
    }
    deadline = time.monotonic() + 20
    while True:
        answers = admin.list_offsets(asked, isolation_level=IsolationLevel.READ_COMMITTED)
        ends = {int(each.result(30).offset) for each in answers.values()}
        if ends == {wanted} or time.monotonic() > deadline:
            return ends


def _end_offset(bootstrap: str, topic: str) -> int:
    admin = AdminClient(client_options(bootstrap))
    partition = TopicPartition(topic, 0)
    offsets = admin.list_offsets({partition: OffsetSpec.latest()})
    return int(offsets[partition].result(30).offset)
