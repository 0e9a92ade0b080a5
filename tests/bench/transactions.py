"""One transactional id a partition, or one a worker: ``python -m tests.bench.transactions [--seconds S] [--json]``.

A worker that owns eight partitions commits cycles in which one, or all, of them have work, against a real broker: each
cycle writes so many records a busy partition, sends the input offsets of eight topics and commits. Measured in turns,
so that both ways meet the same machine: time of a cycle, CPU of the broker and of this process a cycle.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median
from typing import Any, Final

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import NewTopic

from streams.bench.cpu import cpu_seconds
from streams.clients import transactional_producer
from streams.local import start_kafka, stop
from streams.settings import Settings
from tests.broker import folder_for_this_run
from topics.provision import admin_client
from topics.settings import client_options

PARTITIONS: Final = 8
OUT: Final = "bench.out"
GROUP: Final = "bench.worker"
RECORDS: Final = 30
"""Records of a busy partition in a cycle: about three results with their facts, state and assignments."""
VALUE: Final = b"x" * 350
TURNS: Final = 3
INPUTS: Final = tuple(f"bench.in-{number}" for number in range(8))


class Writer:
    """Commits cycles; ``shared``: one transaction for all busy partitions, else one each, side by side."""

    def __init__(self, settings: Settings, consumer: Consumer, *, shared: bool) -> None:
        names = ["one"] if shared else [f"p{number}" for number in range(PARTITIONS)]
        self._shared = shared
        self._consumer = consumer
        self._wait_s = settings.wait_s
        self._producers = [
            transactional_producer(settings, f"{GROUP}-{name}", _fail) for name in names
        ]
        self._pool = ThreadPoolExecutor(PARTITIONS)

    def cycle(self, busy: list[int], offset: int) -> None:
        """Write and commit the records of these partitions."""
        group = self._consumer.consumer_group_metadata()
        if self._shared:
            self._commit(self._producers[0], busy, offset, group)
            return
        for future in [
            self._pool.submit(self._commit, self._producers[number], [number], offset, group)
            for number in busy
        ]:
            future.result()

    def _commit(self, producer: Producer, numbers: list[int], offset: int, group: object) -> None:
        producer.begin_transaction()
        for number in numbers:
            for _ in range(RECORDS):
                producer.produce(OUT, VALUE, b"tenant", number)
        offsets = [TopicPartition(t, number, offset) for t in INPUTS for number in numbers]
        producer.send_offsets_to_transaction(offsets, group, self._wait_s)
        producer.commit_transaction(self._wait_s)


def _fail(error: object) -> None:
    raise SystemExit(f"the client failed: {error}")


@contextmanager
def broker() -> Iterator[tuple[Settings, int]]:
    """Give settings for a broker of this run, and its process id."""
    with folder_for_this_run("bench") as folder:
        started = start_kafka(folder)
        if started.pid is None:
            raise SystemExit("The broker must be a process of this program: unset KAFKA_BOOTSTRAP.")
        try:
            admin = admin_client(started.bootstrap)
            topics = [NewTopic(name, PARTITIONS, 1) for name in (OUT, *INPUTS)]
            for future in admin.create_topics(topics).values():
                future.result(30)
            yield Settings(bootstrap=started.bootstrap), started.pid
        finally:
            stop(folder)


def member(settings: Settings) -> Consumer:
    """Give the only member of the group, with its partitions."""
    consumer = Consumer(
        {
            **client_options(settings.bootstrap),
            "group.id": GROUP,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe(list(INPUTS))
    while not consumer.assignment():
        consumer.poll(0.2)
    return consumer


def measure(seconds: float) -> list[dict[str, Any]]:
    """Give a row for each way and number of busy partitions; ways take turns."""
    with broker() as (settings, pid):
        consumer = member(settings)
        ways = {
            "one a partition": Writer(settings, consumer, shared=False),
            "one a worker": Writer(settings, consumer, shared=True),
        }
        rows: dict[tuple[str, int], list[dict[str, float]]] = {}
        for turn in range(TURNS + 1):
            for busy in (1, PARTITIONS):
                for name, writer in ways.items():
                    row = _turn(writer.cycle, list(range(busy)), seconds / TURNS, pid)
                    consumer.poll(0)
                    if turn:  # the first one warms the broker
                        rows.setdefault((name, busy), []).append(row)
        consumer.close()
    return [
        {
            "way": name,
            "busyPartitions": busy,
            **{key: round(median(row[key] for row in found), 2) for key in found[0]},
        }
        for (name, busy), found in rows.items()
    ]


def _turn(
    cycle: Callable[[list[int], int], None], busy: list[int], seconds: float, pid: int
) -> dict[str, float]:
    took: list[float] = []
    broker_cpu, own_cpu = cpu_seconds(pid), time.process_time()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.perf_counter()
        cycle(busy, len(took))
        took.append(time.perf_counter() - begun)
    cycles = len(took)
    took.sort()
    return {
        "p50Ms": 1000 * took[cycles // 2],
        "p99Ms": 1000 * took[int(cycles * 0.99)],
        "brokerCpuMs": 1000 * (cpu_seconds(pid) - broker_cpu) / cycles,
        "workerCpuMs": 1000 * (time.process_time() - own_cpu) / cycles,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=15, help="of each row")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = measure(given.seconds)
    if given.json:
        settings = {
            "recordsAPartition": RECORDS,
            "valueBytes": len(VALUE),
            "partitions": PARTITIONS,
        }
        print(json.dumps({"rows": rows, "settings": settings}, indent=1))
        return
    for row in rows:
        print("  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
