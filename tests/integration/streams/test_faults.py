"""Ends of a worker at every place of a cycle: nothing is lost, doubled or out of order (reliability.md F1, F2)."""

import os
import signal
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from schemas.codec import GENESIS_HASH, decode_envelope, is_link
from schemas.ids import TenantId
from schemas.messages.envelope import Envelope
from streams.exits import DOUBT_EXIT
from tests.integration.streams.factory import Factory, Worker, until
from tests.integration.streams.toy import AddMarbles

pytestmark = pytest.mark.kafka

TENANTS = tuple(map(TenantId, ("acme", "bolt", "crane", "dove")))


def send_some(factory: Factory, count: int) -> list[Envelope]:
    """Send commands of several tenants in turn."""
    sent = [
        factory.send(AddMarbles(jar_id=f"j{n % 5}", count=1), TENANTS[n % 4]) for n in range(count)
    ]
    factory.flush()
    return sent


def check_outcomes(factory: Factory, sent: list[Envelope]) -> None:
    """Check I1-I3 and I10: one fact a command, in order, without gap, chained."""
    messages = factory.read("cp.projects.events.v1")
    pairs = [(decode_envelope(m.value()), m.value() or b"") for m in messages]
    causes = Counter(envelope.causation_id for envelope, _ in pairs)
    assert causes == Counter(command.event_id for command in sent)
    heads: dict[str, tuple[int, bytes]] = defaultdict(lambda: (0, GENESIS_HASH))
    versions: dict[tuple[str, str | None], int] = defaultdict(int)
    for envelope, value in pairs:
        sequence, before = heads[envelope.tenant_id]
        assert envelope.sequence == sequence + 1
        assert envelope.context_sequence == sequence + 1
        assert is_link(value, envelope, before)
        heads[envelope.tenant_id] = (sequence + 1, envelope.hash or b"")
        aggregate = (envelope.tenant_id, envelope.aggregate_id)
        assert envelope.aggregate_version == versions[aggregate] + 1
        versions[aggregate] += 1
    order = defaultdict(list)
    for envelope, _ in pairs:
        order[envelope.tenant_id].append(envelope.causation_id)
    for tenant in TENANTS:
        assert order[tenant] == [c.event_id for c in sent if c.tenant_id == tenant]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "point",
    [
        "assigned",
        "restored",
        "polled",
        "decided",
        "begun",
        "produced",
        "offsets",
        "committed",
        "exposed",
    ],
)
def test_a_kill_at_each_place_of_a_cycle_loses_and_doubles_nothing(
    kafka: str, tmp_path: Path, point: str
) -> None:
    factory = Factory(kafka, tmp_path)
    sent = send_some(factory, 60)
    at_restart = point in {"assigned", "restored"}
    with factory.worker(
        FACTORY_CRASH_AT=f"{point}:{1 if at_restart else 3}", FACTORY_CYCLE_RECORDS_MAX="32"
    ) as worker:
        while worker.process.poll() is None:
            sent += send_some(factory, 4)
        assert worker.ended() == -signal.SIGKILL, "the place was reached"
    with factory.worker():
        factory.wait_for("cp.projects.events.v1", len(sent))
    check_outcomes(factory, sent)


def is_stopped(worker: Worker) -> bool:
    """Tell whether the process was stopped by a signal."""
    stat = Path(f"/proc/{worker.process.pid}/stat").read_text()
    return stat.rpartition(")")[2].split()[0] == "T"


@pytest.mark.timeout(120)
def test_a_worker_frozen_in_a_transaction_is_fenced_by_the_one_that_takes_over(
    kafka: str, tmp_path: Path
) -> None:
    factory = Factory(kafka, tmp_path)
    stop = f"produced:3:{int(signal.SIGSTOP)}"
    with factory.worker("w1", FACTORY_CRASH_AT=stop) as zombie:
        sent = send_some(factory, 20)
        while not is_stopped(zombie):
            sent += send_some(factory, 4)
        with factory.worker("w2") as successor:
            factory.wait_for("cp.projects.events.v1", len(sent))
            os.kill(zombie.process.pid, signal.SIGCONT)
            assert zombie.ended() == DOUBT_EXIT
            sent += send_some(factory, 20)
            factory.wait_for("cp.projects.events.v1", len(sent))
            assert successor.process.poll() is None
    check_outcomes(factory, sent)


@pytest.mark.timeout(120)
def test_two_workers_share_the_partitions_and_one_takes_over(kafka: str, tmp_path: Path) -> None:
    factory = Factory(kafka, tmp_path)
    with factory.worker("w1") as first:
        until(first.is_running, "the first worker runs")
        with factory.worker("w2") as second:
            until(lambda: second.partitions() == 1, "a share is handed over")
            sent = send_some(factory, 20)
            factory.wait_for("cp.projects.events.v1", 20)
            first.kill()
            sent += send_some(factory, 20)
            factory.wait_for("cp.projects.events.v1", 40)
            until(lambda: second.partitions() == 2, "all partitions are taken over")
    check_outcomes(factory, sent)
