"""What a flooding tenant does to a quiet one's latency, on the same partition and on another, within one run.

``python -m tests.bench.fair_share [--rounds N] [--seconds S] [--quiet Q] [--ratio R] [--share H] [--json]``: a broker
of its own and one worker of the real rules. The quiet tenant starts Q workflows a second; the flood sends R times as
many, at most the share H of what the worker can refuse in a second, which is measured first. Each round measures the
quiet tenant alone, beside a flood of its own partition, and beside one of another partition; latency runs from the
send to the first fact at a reader of committed records, of a sender that is connected.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from confluent_kafka import TopicPartition

from schemas.codec import decode_envelope
from schemas.edge_model import model_of
from schemas.ids import SYSTEM
from streams.bench.cpu import cpu_seconds
from streams.clients import log_reader
from streams.local import start_kafka
from streams.run.seeds import PLATFORM_ADMIN, ask, publish_seeds
from streams.run.tenants import make_ready
from tests.bench.flood import TEXT, start_command
from tests.bench.percentiles import percentile
from tests.bench.timers import REAL_WORKER, Life, wait_until
from tests.bench.waiting_workflows import admin_of
from tests.broker import folder_for_this_run
from tests.integration.streams.factory import Factory
from topics.command import Actor
from topics.model import PARTITIONS
from topics.partition import partition_of
from topics.producer import CommandProducer

QUIET: Final = "quiet"
SETTLE_S: Final = 1.0
"""A scene begins so long after its flood, so that the flood is under way."""


def neighbour(same: bool) -> str:
    """Give a tenant on the quiet one's partition, or on another."""
    home = partition_of(QUIET)
    return next(
        name
        for name in (f"loud-{number}" for number in range(1000))
        if (partition_of(name) == home) is same
    )


LOUD: Final = {"same": neighbour(True), "other": neighbour(False)}


class Answers:
    """First sight of every outcome on some topics, by command id: seconds of the monotonic clock."""

    def __init__(self, factory: Factory, topics: tuple[str, ...]) -> None:
        self.seen: dict[str, float] = {}
        self._reader = log_reader(factory.settings)
        places = [(topic, number) for topic in topics for number in range(PARTITIONS)]
        ends = factory.ends.end(places)
        self._reader.assign([TopicPartition(*place, ends[place]) for place in places])
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._read, name="answers", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._ending.is_set():
            messages = self._reader.consume(2000, 0.005)
            now = time.monotonic()
            for message in messages:
                if message.error() is None:
                    envelope = decode_envelope(message.value())
                    self.seen.setdefault(envelope.causation_id or "", now)

    def close(self) -> None:
        """Stop reading."""
        self._ending.set()
        self._thread.join()
        self._reader.close()


@contextmanager
def prepared(folder: Path) -> Iterator[tuple[Factory, Life]]:
    """Give a running worker with the tenants: the quiet one may do much, the loud ones little."""
    bootstrap = start_kafka(folder).bootstrap
    os.environ["KAFKA_BOOTSTRAP"] = bootstrap
    factory = Factory(bootstrap, folder, prefix="", partitions=PARTITIONS)
    life = Life(factory, REAL_WORKER)
    life.begin()
    try:
        with admin_of(factory) as admin:
            publish_seeds(admin, bootstrap, lambda _what: None)
            published = {"name": "notes", "version": "1.0.0", "definition": TEXT}
            ask(admin, model_of("PublishWorkflowDefinition").model_validate(published), SYSTEM)
            make_ready(admin, QUIET, PLATFORM_ADMIN, "enterprise")
            for tenant in LOUD.values():
                make_ready(admin, tenant, PLATFORM_ADMIN, "free")
        yield factory, life
    finally:
        life.end()


def capacity(factory: Factory, life: Life, count: int) -> dict[str, float]:
    """Give how many commands of a loud tenant the worker refuses in a second, and the CPU of one refusal.

    The commands are made before the clock starts, so that it is not the sender that is measured.
    """
    answers = Answers(factory, ("cp.rejections.v1",))
    with CommandProducer(Actor("user", PLATFORM_ADMIN), options={"linger.ms": 5}) as producer:
        records = [producer.prepare(start_command(n), LOUD["same"]) for n in range(count)]
        before, begun = cpu_seconds(life.pid), time.monotonic()
        for record in records:
            producer.produce(record)
            producer.poll(0)
        # Up to sixty a minute are accepted.
        wait_until(lambda: len(answers.seen) >= count - 180, 300)
    seconds, cpu = time.monotonic() - begun, cpu_seconds(life.pid) - before
    answers.close()
    return {
        "refusalsPerSecond": round(count / seconds),
        "cpuUsPerRefusal": round(cpu / count * 1e6),
        "probed": count,
    }


def quiet_for(factory: Factory, per_second: float, seconds: float) -> list[float]:
    """Let the quiet tenant start workflows; give the latencies in milliseconds."""
    answers = Answers(factory, ("cp.workflow.events.v1", "cp.governance.events.v1"))
    sent: dict[str, float] = {}
    with CommandProducer(Actor("user", PLATFORM_ADMIN)) as producer:
        first = producer.prepare(
            start_command(0), QUIET
        )  # a client that has just begun first connects
        producer.produce(first)
        wait_until(lambda: first.command_id in answers.seen, 120)
        begun = time.monotonic()
        for number in range(int(per_second * seconds)):
            while (left := begun + number / per_second - time.monotonic()) > 0:
                producer.poll(left)
            record = producer.prepare(start_command(number), QUIET)
            sent[record.command_id] = time.monotonic()
            producer.produce(record)
            producer.poll(0)
        wait_until(lambda: sent.keys() <= answers.seen.keys(), 120)
    answers.close()
    return [(answers.seen[each] - at) * 1000 for each, at in sent.items()]


def scene(
    factory: Factory, loud: str | None, given: argparse.Namespace, rate: float
) -> tuple[list[float], int]:
    """Give the quiet tenant's latencies beside a flood, or alone, and how many the flood sent."""
    if loud is None:
        return quiet_for(factory, given.quiet, given.seconds), 0
    command = [sys.executable, "-m", "tests.bench.flood", loud, str(rate)]
    seconds = given.seconds + 2 * SETTLE_S + 2
    with subprocess.Popen([*command, str(seconds)], stdout=subprocess.PIPE, text=True) as sender:
        under_way = Answers(factory, ("cp.rejections.v1",))
        wait_until(lambda: len(under_way.seen) > rate * SETTLE_S, 120)
        under_way.close()
        late = quiet_for(factory, given.quiet, given.seconds)
        out, _ = sender.communicate()
    return late, int(out)


def measure(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Run the rounds; give percentiles of each scene and their ratios to the quiet tenant alone."""
    late: dict[str, list[float]] = {"alone": [], "same": [], "other": []}
    floods: dict[str, int] = {"same": 0, "other": 0}
    with prepared(folder) as (factory, life):
        can = capacity(factory, life, given.probe)
        rate = min(given.quiet * given.ratio, can["refusalsPerSecond"] * given.share)
        quiet_for(factory, given.quiet, 3)
        for _ in range(given.rounds):
            for name in late:
                found, sent = scene(factory, LOUD.get(name), given, rate)
                late[name] += found
                if name in floods:
                    floods[name] += sent
    shares = (50, 90, 99)
    figures = {
        name: {f"p{share}Ms": percentile(sorted(each), share) for share in shares}
        for name, each in late.items()
    }
    return {
        **can,
        "floodPerSecond": round(rate),
        "floodSent": floods,
        "quiet": {"samples": len(late["alone"]), **figures},
        "ratioOfP99": {
            name: round(figures[name]["p99Ms"] / figures["alone"]["p99Ms"], 2)
            for name in ("same", "other")
        },
        "ratioOfP50": {
            name: round(figures[name]["p50Ms"] / figures["alone"]["p50Ms"], 2)
            for name in ("same", "other")
        },
    }


def main() -> None:
    """Measure, print; exit 1 where the quiet tenant's p99 doubled."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=10, help="of each scene of a round")
    parser.add_argument("--quiet", type=float, default=20, help="workflows a second, quiet tenant")
    parser.add_argument("--ratio", type=float, default=100, help="flood to quiet")
    parser.add_argument("--share", type=float, default=0.5, help="of the refusal capacity at most")
    parser.add_argument("--probe", type=int, default=10_000, help="commands of the capacity probe")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with folder_for_this_run("fair-share") as folder:
        found = {"settings": vars(given), **measure(folder, given)}
    sys.stdout.write(json.dumps(found, indent=1) + "\n" if given.json else f"{found}\n")
    sys.exit(0 if max(found["ratioOfP99"].values()) < 2 else 1)


if __name__ == "__main__":
    main()
