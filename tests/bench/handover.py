"""How long a partition pauses when its worker is restarted, killed, or lost with its machine.

``python -m tests.bench.handover [--rounds N] [--records N] [--json]``: a broker of its own, two supervised workers, one
tenant in each partition that sends ten commands a second. For every restart: the longest time between two facts of
one partition, by the time at which a worker produced them, for each partition that the victim had.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Final

from schemas.edge_model import model_of
from streams.local import start_kafka
from streams.run.fleet import Fleet
from tests.bench import history
from tests.bench.restore import fill
from tests.broker import folder_for_this_run
from tests.fault.site import WORKERS, Site, until
from tests.property.test_whole_pipeline import owner_of
from topics.catalogue import TOPICS
from topics.command import Actor
from topics.consumer import EventConsumer
from topics.model import PARTITIONS
from topics.producer import CommandProducer
from topics.provision import admin_client, provision

EVERY_S: Final = 0.1
"""Time between two commands of a tenant, and so what a pause is exact to."""
SETTLE_S: Final = 3.0
BACK_S: Final = 120.0
TAKEN: Final = "goes on for the worker that ended"
SESSION_S: Final = 6.0
TARGETS: Final = {
    "rolling restart": 1.0,
    "SIGTERM and a new start": None,
    "kill -9 of the worker": SESSION_S + 2,
    "kill -9 of worker and supervisor": SESSION_S + 2,
}
"""Fault -> longest pause that is allowed, seconds; None where no target is set."""


class Traffic(threading.Thread):
    """Sends commands of every partition's tenant at an even pace, and sees their facts."""

    def __init__(self, bootstrap: str) -> None:
        super().__init__(name="traffic", daemon=True)
        self._ended = threading.Event()
        self._events = EventConsumer(bootstrap=bootstrap).from_now()
        self._people = {
            tenant: CommandProducer(Actor("user", owner_of(tenant)), bootstrap)
            for tenant in history.tenants()
        }
        self.made: dict[int, list[float]] = {number: [] for number in range(PARTITIONS)}
        """Partition -> instants (seconds of the wall clock) at which its facts were produced."""

    def run(self) -> None:
        """Send and see."""
        number, due = 0, time.monotonic()
        while not self._ended.is_set():
            if time.monotonic() >= due:
                due, number = due + EVERY_S, number + 1
                for tenant, people in self._people.items():
                    sized = {"agentRole": "Bench", "capacity": number % 1000 + 1}
                    command = model_of("SizeAgentPool").model_validate(sized)
                    people.produce(people.prepare(command, tenant))
                    people.poll()
            for event in self._events.poll(max(0.0, min(0.02, due - time.monotonic()))):
                self.made[event.partition].append(event.appended_at / 1e6)

    def end(self) -> None:
        """Stop sending."""
        self._ended.set()
        self.join()
        for people in self._people.values():
            people.close()
        self._events.close()

    def is_back(self, since: float) -> bool:
        """Tell whether every partition has a fact that was made after the instant."""
        return all(made and made[-1] > since for made in self.made.values())

    def pauses(self, since: float, numbers: list[int]) -> list[float]:
        """Give the longest time between two facts after the instant, for each partition."""
        found = []
        for number in numbers:
            made = sorted(self.made[number])
            first = next((i for i, at in enumerate(made) if at > since), len(made))
            found.append(max(b - a for a, b in pairwise(made[max(0, first - 1) :])))
        return found


class Bench:
    """Restarts workers of a site under traffic."""

    def __init__(self, place: Site, traffic: Traffic) -> None:
        self._place = place
        self._traffic = traffic
        self.pauses: dict[str, list[float]] = {}

    def one(self, fault: str, name: str, act: Callable[[str], None]) -> None:
        """Do it to one worker and note how long each of its partitions paused."""
        numbers = self._partitions(name)
        since = time.time()
        act(name)
        for wait in (0.0, SETTLE_S):
            moment = time.time() + wait
            until(f"facts after {fault}", lambda m=moment: self._traffic.is_back(m), BACK_S)  # type: ignore[misc]
        pauses = self._traffic.pauses(since, numbers)
        self.pauses.setdefault(fault, []).extend(pauses)
        sys.stderr.write(f"{fault} of {name}: {[round(p, 2) for p in pauses]}\n")

    def _partitions(self, name: str) -> list[int]:
        found: list[int] = []

        def there() -> bool:
            found[:] = page(self._place.pages[name])
            return bool(found)

        until(f"partitions of {name}", there, BACK_S)
        return found

    def roll(self, name: str) -> None:
        """Let a successor take a worker's place."""
        before = self._place.said(name, TAKEN)
        self._place.members[name].process.send_signal(signal.SIGUSR2)
        until(f"a successor of {name}", lambda: self._place.said(name, TAKEN) > before, BACK_S)

    def stop_and_start(self, name: str) -> None:
        """End a worker and start it anew, as a person does who knows of no successor."""
        self._place.roll_worker(name)

    def kill(self, name: str) -> None:
        """Kill -9 the worker's process; its supervisor lives."""
        self._place.kill_worker(name)

    def lose(self, name: str) -> None:
        """Kill -9 a worker and its supervisor, as the loss of a machine does; the other one takes over."""
        self._place.kill_for_good(name)


def page(address: str) -> list[int]:
    """Give the partitions that a worker's status page tells of; none while it does not answer."""
    try:
        with urllib.request.urlopen(f"{address}/", timeout=2) as answer:  # noqa: S310 - our own page
            found: list[int] = json.load(answer)["partitions"]
    except OSError:
        return []
    return found


def measure(folder: Path, records: int, rounds: int) -> dict[str, list[float]]:
    """Give fault -> pauses of partitions, seconds."""
    bootstrap = start_kafka(folder / "kafka").bootstrap
    os.environ.update(KAFKA_BOOTSTRAP=bootstrap, FACTORY_LOCAL=str(folder))
    provision(admin_client(bootstrap), TOPICS)
    fill(bootstrap, records, 1)
    with ExitStack() as stack:
        fleet = stack.enter_context(Fleet(folder / "logs", {}))
        place = Site(folder, bootstrap, fleet)
        for name in WORKERS:
            place.start_worker(name)
        place.wait_for_workers(BACK_S)
        traffic = Traffic(bootstrap)
        stack.callback(traffic.end)
        traffic.start()
        until("the first facts", lambda: traffic.is_back(0), BACK_S)
        bench = Bench(place, traffic)
        for _ in range(rounds):
            for name in WORKERS:
                bench.one("rolling restart", name, bench.roll)
        for _ in range(rounds):
            for name in WORKERS:
                bench.one("kill -9 of the worker", name, bench.kill)
            bench.one("SIGTERM and a new start", WORKERS[0], bench.stop_and_start)
        bench.one("kill -9 of worker and supervisor", WORKERS[0], bench.lose)
    return bench.pauses


def main() -> int:
    """Measure and print; give 1 where a target was missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--records", type=int, default=8_000, help="state records, all together")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with folder_for_this_run("handover") as folder:
        pauses = measure(folder, given.records, given.rounds)
    rows = [row(fault, seconds) for fault, seconds in pauses.items()]
    sys.stdout.write(json.dumps(rows, indent=1) + "\n" if given.json else table(rows))
    return 0 if all(each["held"] for each in rows) else 1


def row(fault: str, seconds: list[float]) -> dict[str, Any]:
    """Give a fault's figures."""
    target = TARGETS[fault]
    return {
        "fault": fault,
        "partitions": len(seconds),
        "minSeconds": round(min(seconds), 2),
        "medianSeconds": round(median(seconds), 2),
        "maxSeconds": round(max(seconds), 2),
        "targetSeconds": target,
        "held": target is None or max(seconds) <= target,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Give the figures for a person."""
    return "".join(
        f"{r['fault']:<34} {r['partitions']:>3} pauses  {r['minSeconds']:.2f} / {r['medianSeconds']:.2f} / "
        f"{r['maxSeconds']:.2f} s  target {r['targetSeconds'] or '-'}\n"
        for r in rows
    )


if __name__ == "__main__":
    sys.exit(main())
