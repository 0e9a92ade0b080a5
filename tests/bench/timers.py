"""How late deadlines fire with 100,000 pending on one worker, and whether any is lost or fires twice when it is killed.

``python -m tests.bench.timers [--pending N] [--spread S] [--kills K] [--real N] [--json]``: a broker of its own, one
worker. Three scenes: toy rules (a jar that spills at its deadline) undisturbed, the same with K times kill -9 while
they fire, and the real rules (workflows that wait) with K times kill -9. Lateness runs from a deadline to the moment
when a reader of committed records has the fact of it.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from confluent_kafka import TopicPartition

from schemas.codec import decode_envelope, decode_payload
from schemas.messages.workflow.facts import WorkflowStepCompleted, WorkflowStepStarted
from streams.bench.cpu import cpu_seconds, descendants
from streams.clients import log_reader
from streams.local import start_kafka
from streams.run.seeds import PLATFORM_ADMIN
from streams.run.system import free_port
from tests.bench.percentiles import percentile
from tests.bench.waiting_workflows import TENANTS, prepare, start_waiting
from tests.broker import folder_for_this_run
from tests.integration.streams.factory import TOY_WORKER, Factory, Worker
from tests.integration.streams.toy import AddMarbles, JarSpilled, MarblesAdded
from topics.model import PARTITIONS

REAL_WORKER: Final = "tests.integration.streams.standard_worker"
TOPICS: Final = ("cp.projects.events.v1", "cp.workflow.events.v1")
STALL_S: Final = 90
"""How long nothing may happen before what is missing counts as lost."""

Name = tuple[str, str, str]


@dataclass
class Seen:
    """What a reader of committed records has: times in microseconds UTC."""

    pending: dict[Name, int] = field(default_factory=dict)
    fired: list[tuple[Name, int]] = field(default_factory=list)
    newest: float = field(default_factory=time.monotonic)

    def take(self, tenant: str, fact: Any, arrived: int) -> None:
        """Note that a deadline began to be waited for, or that it fired."""
        self.newest = time.monotonic()
        if isinstance(fact, MarblesAdded) and fact.spills_at is not None:
            self.pending[tenant, fact.jar_id, ""] = fact.spills_at
        elif isinstance(fact, JarSpilled):
            self.fired.append(((tenant, fact.jar_id, ""), arrived))
        elif isinstance(fact, WorkflowStepStarted) and fact.wakes_at is not None:
            self.pending[tenant, fact.workflow_instance_id, fact.step_path] = fact.wakes_at
        elif isinstance(fact, WorkflowStepCompleted) and fact.kind == "wait":
            self.fired.append(((tenant, fact.workflow_instance_id, fact.step_path), arrived))


@contextmanager
def watching(factory: Factory) -> Iterator[Seen]:
    """Read the facts as they are committed, in a thread."""
    seen, ending = Seen(), threading.Event()
    reader = log_reader(factory.settings)
    places = [(factory.layout.physical(t), n) for t in TOPICS for n in range(PARTITIONS)]
    ends = factory.ends.end(places)
    reader.assign([TopicPartition(topic, number, ends[topic, number]) for topic, number in places])

    def read() -> None:
        while not ending.is_set():
            messages = reader.consume(5000, 0.02)
            arrived = time.time_ns() // 1000
            for message in messages:
                if message.error() is None:
                    envelope = decode_envelope(message.value())
                    fact = decode_payload(envelope.payload_schema_id, envelope.payload)
                    seen.take(envelope.tenant_id, fact, arrived)

    thread = threading.Thread(target=read, name="reader", daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        ending.set()
        thread.join()
        reader.close()


class Life:
    """The one worker under its supervisor, and the pauses that its ends made."""

    def __init__(self, factory: Factory, module: str) -> None:
        environment = {
            "BENCH_WORKER": module,
            "FACTORY_GENESIS": PLATFORM_ADMIN,
            "FACTORY_WORKER_PORT": str(free_port()),
        }
        self._worker = Worker(factory, "w1", "tests.bench.supervised", environment)
        self.pauses: list[tuple[int, float]] = []
        """(instant of a kill, microseconds; seconds until the next deadline fired)"""

    @property
    def pid(self) -> int:
        """The supervisor's process, under which the worker counts."""
        return self._worker.process.pid

    def begin(self) -> None:
        """Wait until the worker decides; tells its log where it does not."""
        try:
            wait_until(self._worker.is_running, 120)
        except TimeoutError:
            sys.stderr.write(self._worker.log.read_text()[-2000:])
            raise

    def kill(self, seen: Seen) -> None:
        """Kill -9 the worker and wait until a deadline fires again."""
        supervisor = self._worker.process.pid
        for child in descendants(supervisor) - {supervisor}:
            os.kill(child, signal.SIGKILL)
        killed = time.time_ns() // 1000
        # What the dead worker had committed reaches the reader within some milliseconds.
        wait_until(lambda: bool(seen.fired) and seen.fired[-1][1] > killed + 300_000, 120)
        first = next(arrived for _, arrived in seen.fired if arrived > killed + 300_000)
        self.pauses.append((killed, (first - killed) / 1e6))

    def end(self) -> None:
        """Stop the worker."""
        self._worker.stop()
        self._worker.kill()


def wait_until(holds: Callable[[], bool], seconds: float) -> None:
    """Wait for a condition. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds:.0f} s")
        time.sleep(0.02)


def load_toy(factory: Factory, count: int, spread_s: float) -> None:
    """Send as many jars as are to spill, evenly over the spread; the first when all of them surely wait."""
    first = time.time_ns() // 1000 + int((count / 1_200 + 8) * 1e6)
    for number in range(count):
        tenant = TENANTS[number % len(TENANTS)]
        at = first + int(number * spread_s * 1e6 / count)
        factory.send(AddMarbles(jar_id=f"j{number}", count=1, spills_at=at), tenant)
    factory.flush()


def scene(
    factory: Factory, module: str, load: Callable[[], None], count: int, kills: int
) -> dict[str, Any]:
    """Let so many deadlines become pending and fire, and kill the worker meanwhile; give the figures."""
    life = Life(factory, module)
    life.begin()
    if module == REAL_WORKER:
        prepare(factory)
    with watching(factory) as seen:
        load()
        wait_until(lambda: len(seen.pending) == count, STALL_S + count / 500)
        waiting, spent = count - len(seen.fired), cpu_seconds(life.pid)
        first, last = min(seen.pending.values()), max(seen.pending.values())
        for number in range(kills):
            at = first + (last - first) * (number + 1) // (kills + 1)
            wait_until(lambda at=at: time.time_ns() // 1000 > at, 600)  # type: ignore[misc]
            life.kill(seen)
        wait_until(
            lambda: (
                len({name for name, _ in seen.fired}) == count
                or (time.monotonic() - seen.newest > STALL_S and time.time_ns() // 1000 > last)
            ),
            (last - first) / 1e6 + STALL_S + 600,
        )
        if module == TOY_WORKER:
            # A second copy would come right behind: give it the time of a few cycles to show.
            wait_until(lambda: time.monotonic() - seen.newest > 2, 30)
        spent = cpu_seconds(life.pid) - spent
    life.end()
    return {
        "cpuUsPerDeadline": round(spent / count * 1e6),
        **figures(seen, life, waiting, (last - first) / 1e6),
    }


def figures(seen: Seen, life: Life, waiting: int, spread_s: float) -> dict[str, Any]:
    """Give what was seen: lateness in milliseconds, of all and of those outside the pauses of kills."""
    counted = Counter(name for name, _ in seen.fired)
    late = sorted((at - seen.pending[name]) / 1000 for name, at in seen.fired)
    pauses = [(killed, killed + seconds * 1e6 + 1e6) for killed, seconds in life.pauses]
    calm = sorted(
        (at - seen.pending[name]) / 1000
        for name, at in seen.fired
        if not any(begin <= seen.pending[name] <= end for begin, end in pauses)
    )
    return {
        "pending": len(seen.pending),
        "pendingBeforeTheFirstFired": waiting,
        "spreadSeconds": round(spread_s, 1),
        "kills": len(life.pauses),
        "pausesSeconds": [round(seconds, 2) for _, seconds in life.pauses],
        "lost": len(seen.pending.keys() - counted.keys()),
        "doubled": sum(1 for times in counted.values() if times > 1),
        "early": sum(1 for each in late if each < 0),
        "latenessMs": {f"p{share}": percentile(late, share) for share in (50, 90, 99, 100)},
        "latenessOutsidePausesMs": {
            f"p{share}": percentile(calm, share) for share in (50, 90, 99, 100)
        },
    }


def main() -> None:
    """Run the scenes, print the figures; exit 1 where a deadline was lost, doubled or early."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--pending", type=int, default=100_000, help="deadlines of the toy rules")
    parser.add_argument("--spread", type=float, default=100, help="seconds over which they fire")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--real", type=int, default=3_000, help="workflows that wait, real rules")
    parser.add_argument("--only", help="one scene by its name, such as 'toy, killed'")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found: dict[str, Any] = {}
    for title, module, kills in (
        ("toy, undisturbed", TOY_WORKER, 0),
        ("toy, killed", TOY_WORKER, given.kills),
        ("real, killed", REAL_WORKER, given.kills),
    ):
        count = given.real if module == REAL_WORKER else given.pending
        if count == 0 or given.only not in {None, title}:
            continue
        with folder_for_this_run("timers") as folder:
            found[title] = run(folder, module, count, kills, given.spread)
        sys.stderr.write(f"{title}: {json.dumps(found[title])}\n")
    if given.json:
        sys.stdout.write(json.dumps({"settings": vars(given), **found}, indent=1) + "\n")
    wrong = [f for f in found.values() if f["lost"] or f["doubled"] or f["early"]]
    sys.exit(1 if wrong else 0)


def run(folder: Path, module: str, count: int, kills: int, spread_s: float) -> dict[str, Any]:
    """Run one scene on a broker of its own."""
    bootstrap = start_kafka(folder).bootstrap
    factory = Factory(bootstrap, folder, prefix="", partitions=PARTITIONS)

    def load() -> None:
        if module == TOY_WORKER:
            load_toy(factory, count, spread_s)
        else:
            start_waiting(factory, count)

    return scene(factory, module, load, count, kills)


if __name__ == "__main__":
    main()
