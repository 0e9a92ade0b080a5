"""A planned restart: a successor catches up beside the worker and takes its place; nothing is lost, doubled or late."""

import os
import signal
import time
from itertools import pairwise
from pathlib import Path

import pytest

from schemas.ids import TenantId
from schemas.messages.envelope import Envelope
from streams.bench.cpu import descendants
from streams.replay import state_digest
from streams.restore import Restorer
from tests.integration.streams.factory import Factory, Worker, until
from tests.integration.streams.test_faults import TENANTS, check_outcomes, send_some
from topics import naming

pytestmark = pytest.mark.kafka

SUPERVISED = "tests.integration.streams.toy_supervised"
PAUSE_MAX_S = 5.0
"""On a machine that does other work; tests/bench/handover.py measures it."""
TAKEN = "goes on for the worker that ended"
FACTS = "cp.projects.events.v1"


def processes(supervised: Worker) -> set[int]:
    """Give the processes below a supervisor."""
    return descendants(supervised.process.pid) - {supervised.process.pid}


def keep_sending(factory: Factory, sent: list[Envelope], until_said: Worker, text: str) -> None:
    """Send commands until a process has said something, and some after it."""
    end = time.monotonic() + 60
    while not until_said.said(text):
        assert time.monotonic() < end, f"not in 60 s: {text}"
        sent += send_some(factory, 4)
    sent += send_some(factory, 8)


def longest_pause(factory: Factory) -> float:
    """Give the longest time between two facts of a partition, seconds."""
    times: dict[int, list[int]] = {number: [] for number in range(factory.partitions)}
    for message in factory.read(FACTS):
        times[message.partition() or 0].append(message.timestamp()[1])
    return max(b - a for each in times.values() for a, b in pairwise(each)) / 1000


@pytest.mark.timeout(180)
def test_a_successor_takes_the_workers_place_without_a_pause(kafka: str, tmp_path: Path) -> None:
    factory = Factory(kafka, tmp_path)
    with factory.worker(module=SUPERVISED) as worker:
        sent = send_some(factory, 8)
        factory.wait_for(FACTS, 8)
        (before,) = processes(worker)
        worker.process.send_signal(signal.SIGUSR2)
        keep_sending(factory, sent, worker, TAKEN)
        factory.wait_for(FACTS, len(sent))
        (after,) = processes(worker)
        assert after != before
        assert worker.stop() == 0
    check_outcomes(factory, sent)
    assert longest_pause(factory) < PAUSE_MAX_S
    assert not worker.said("fail-stop"), "nobody was fenced: the worker ended first"


@pytest.mark.timeout(180)
def test_a_worker_that_dies_beside_its_successor_is_followed_at_once(
    kafka: str, tmp_path: Path
) -> None:
    factory = Factory(kafka, tmp_path)
    with factory.worker(module=SUPERVISED) as worker:
        sent = send_some(factory, 8)
        factory.wait_for(FACTS, 8)
        (before,) = processes(worker)
        worker.process.send_signal(signal.SIGUSR2)
        until(lambda: len(processes(worker)) == 2, "the successor starts")
        os.kill(before, signal.SIGKILL)
        keep_sending(factory, sent, worker, TAKEN)
        factory.wait_for(FACTS, len(sent))
        assert worker.stop() == 0
    check_outcomes(factory, sent)


def digests(factory: Factory, restorer: Restorer) -> dict[tuple[int, str], bytes]:
    """Give each tenant's digest in each partition, as this restorer has it."""
    return {
        (number, tenant): state_digest(found.store.entries.items(), TenantId(tenant))
        for number, found in restorer.restore(list(range(factory.partitions))).items()
        for tenant in TENANTS
        if found.is_whole
    }


def restorer_of(factory: Factory) -> Restorer:
    """Give a restorer that has read nothing yet."""
    return Restorer(factory.settings, factory.layout, factory.ends)


@pytest.mark.timeout(120)
def test_what_was_read_ahead_and_the_rest_give_what_a_whole_restore_gives(
    kafka: str, tmp_path: Path
) -> None:
    factory = Factory(kafka, tmp_path)
    ahead = restorer_of(factory)
    with factory.worker() as worker:
        sent = send_some(factory, 20)
        factory.wait_for(FACTS, 20)
        ahead.follow([0])
        sent += send_some(factory, 20)
        factory.wait_for(FACTS, 40)
        ahead.follow([0])
        sent += send_some(factory, 20)
        factory.wait_for(FACTS, 60)
        assert worker.stop() == 0
    whole = digests(factory, restorer_of(factory))
    assert len(whole) == 2 * len(TENANTS)
    assert digests(factory, ahead) == whole


@pytest.mark.timeout(120)
def test_a_changelog_that_was_made_anew_is_not_what_was_read_ahead(
    kafka: str, tmp_path: Path
) -> None:
    """F16: what was read of a log that is gone counts for nothing."""
    factory = Factory(kafka, tmp_path)
    with factory.worker() as worker:
        send_some(factory, 20)
        factory.wait_for(FACTS, 20)
        assert worker.stop() == 0
    ahead = restorer_of(factory)
    ahead.follow([0, 1])
    name = factory.layout.physical(naming.STATE)
    factory.admin.delete_topics([name])[name].result(20)
    until(lambda: name not in factory.admin.list_topics(timeout=10).topics, "the changelog is gone")
    factory.create_topics(naming.STATE)
    found = ahead.restore([0, 1])
    assert [(f.is_whole, len(f.store.entries)) for f in found.values()] == [(False, 0)] * 2
