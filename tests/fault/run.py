"""``python -m tests.fault.run [--set short|long] [--json FILE]``: break the running system under load, then verify.

Short set: ten kill -9 of a worker, three of an agent, one of the broker, a rolling restart, each crash point three
times, under at least 2,000 workflows. Exits 0 only if nothing was lost, doubled, out of order or admitted over quota,
every workflow has ended, and the replayed state equals the live one.
"""

import argparse
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from streams.crashpoints import POINTS
from tests.fault import verdict
from tests.fault.journal import Journal
from tests.fault.load import Load
from tests.fault.site import AGENTS, DRIVER, WORKERS, Site, provision_tenants, site, until
from topics.settings import local_root

EDITIONS: Final = {
    "fault-a": "enterprise",
    "fault-i": "enterprise",
    "fault-c": "enterprise",
    "fault-d": "free",
}
"""fault-a and fault-i share a partition, fault-c lies on the other worker, fault-d meets its quotas all the time."""
CONCURRENCY: Final = {"fault-a": 8, "fault-i": 4, "fault-c": 8, "fault-d": 3}
CRASHES_EACH: Final = 3
ONCE: Final = ("assigned", "restored")
"""Places that a worker passes once after its start; it dies there the first time, at the others the second."""
DRAIN_SECONDS: Final = 240
BACK_SECONDS: Final = 120


@dataclass
class Plan:
    """How much of each fault."""

    workflows: int
    worker_kills: int
    agent_kills: int
    broker_kills: int
    rolls: int


PLANS: Final = {
    "short": Plan(workflows=2000, worker_kills=10, agent_kills=3, broker_kills=1, rolls=1),
    "long": Plan(workflows=17_000, worker_kills=400, agent_kills=100, broker_kills=10, rolls=5),
}


@dataclass
class Account:
    """What was done and what came of it."""

    outages: dict[str, list[float]] = field(default_factory=dict)
    crashes: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    """Fault -> how often it was seen to hit."""
    begun: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """Print a line of the running account."""
        print(f"{time.monotonic() - self.begun:7.1f}s  {text}", flush=True)


class Run:
    """One run of a plan on a site."""

    def __init__(self, place: Site, load: Load, plan: Plan, account: Account, seed: int) -> None:
        self._site = place
        self._load = load
        self._plan = plan
        self._account = account
        self._random = random.Random(seed)  # noqa: S311 - which worker dies is no secret

    def faults(self) -> None:
        """Do every fault of the plan, one after another, each under load and each seen to heal."""
        kinds = ["worker"] * self._plan.worker_kills + ["agent"] * self._plan.agent_kills
        self._random.shuffle(kinds)
        for number, kind in enumerate(kinds, start=1):
            self._one(f"kill -9 {kind}", lambda kind=kind: self._kill(kind))
            self._account.say(f"fault {number} of {len(kinds)}; {self._progress()}")
        self._crash_points()
        for _ in range(self._plan.rolls):
            for name in WORKERS:
                self._one("SIGTERM, rolling", lambda name=name: self._site.roll_worker(name))
        for _ in range(self._plan.broker_kills):
            self._one("kill -9 broker", self._site.kill_broker)
            self._site.wait_for_workers()
        until("the planned workflows", self._enough, 900)

    def _enough(self) -> bool:
        self._check()
        return self._load.ended >= self._plan.workflows

    def _check(self) -> None:
        if self._load.error is not None:
            raise self._load.error

    def _progress(self) -> str:
        return f"{self._load.ended} workflows ended, {len(self._load.open)} open"

    def _kill(self, kind: str) -> float:
        if kind == "worker":
            return self._site.kill_worker(self._random.choice(WORKERS))
        return self._site.kill_agent(self._random.choice(AGENTS))

    def _one(self, name: str, fault: Callable[[], float]) -> None:
        """Do one fault and wait until every tenant goes on."""
        since = fault()
        self._account.done[name] += 1
        until(f"work after {name}", lambda: self._healed(since), BACK_SECONDS)
        outage = self._load.outage(since) or 0.0
        self._account.outages.setdefault(name, []).append(outage)
        # The next fault meets a system at work, not one that has just come back.
        ended = self._load.ended
        until("ten more workflows", lambda: self._load.ended >= ended + 10, BACK_SECONDS)

    def _healed(self, since: float) -> bool:
        self._check()
        return self._load.outage(since) is not None

    def _crash_points(self) -> None:
        """Let a worker die three times at each place of its cycle, while the other goes on."""
        for point in POINTS:
            self._crash_at(WORKERS[1], point)
        self._site.roll_worker(WORKERS[1])
        self._site.wait_for_workers()

    def _crash_at(self, name: str, point: str) -> None:
        self._site.stop(name)
        self._site.start_worker(name, FACTORY_CRASH_AT=f"{point}:{1 if point in ONCE else 2}")

        def crashed() -> bool:
            self._check()
            return self._site.crashes_in_log(name, point) >= CRASHES_EACH

        until(f"{CRASHES_EACH} crashes at {point}", crashed, BACK_SECONDS)
        self._account.crashes[point] = self._site.crashes_in_log(name, point)
        self._account.say(f"{self._account.crashes[point]} crashes at {point}; {self._progress()}")


def planned(plan: Plan, account: Account) -> bool:
    """Tell whether every fault of the plan was seen to hit."""
    wanted = {
        "kill -9 worker": plan.worker_kills,
        "kill -9 agent": plan.agent_kills,
        "kill -9 broker": plan.broker_kills,
        "SIGTERM, rolling": plan.rolls * len(WORKERS),
    }
    crashed = all(account.crashes[point] >= CRASHES_EACH for point in POINTS)
    return crashed and all(account.done[name] == number for name, number in wanted.items())


def finish(
    place: Site, load: Load, journal: Journal, account: Account, plan: Plan
) -> dict[str, Any]:
    """Let everything end, then verify; give the result."""
    load.finish()
    try:
        until(
            "every workflow has ended",
            lambda: load.error is not None or not load.open,
            DRAIN_SECONDS,
        )
    except TimeoutError:
        account.say(f"NOT ended: {dict(list(load.open.items())[:5])} and so on")
    load.halt()
    if load.error is not None:
        raise load.error
    account.say("verifying")
    report = verdict.verify(journal.path)
    digests = verdict.digests([*EDITIONS, "system"])
    aborted = verdict.aborted_records(place.bootstrap)
    sound = (
        bool(report.get("sound")) and not load.open and all(d["equal"] for d in digests.values())
    )
    return {
        "held": sound and aborted > 0 and planned(plan, account),
        "commands": journal.commands,
        "workflows": dict(load.seen.ends),
        "open": len(load.open),
        "faults": dict(account.done),
        "crashes": dict(account.crashes),
        "outageSeconds": {
            name: {"count": len(s), "min": min(s), "median": median(s), "max": max(s)}
            for name, s in account.outages.items()
        },
        "abortedRecords": aborted,
        "digests": digests,
        "verify": report,
    }


def show(result: dict[str, Any]) -> None:
    """Print the result for a person."""
    print(
        f"\ncommands {result['commands']}, workflows {result['workflows']}, open {result['open']}"
    )
    for name, seconds in result["outageSeconds"].items():
        print(
            f"  {name:<18} x{seconds['count']:<3} back after "
            f"{seconds['min']:.2f} / {seconds['median']:.2f} / {seconds['max']:.2f} s (min, median, max)"
        )
    print(f"  faults seen to hit {result['faults']}")
    print(f"  crashes by place   {result['crashes']}")
    print(f"  aborted records    {result['abortedRecords']}")
    for tenant, digest in result["digests"].items():
        equal = "equal" if digest["equal"] else "DIFFERS"
        print(f"  {tenant:<12} sequence {digest['sequence']:>7}  replayed digest {equal}")
    report = result["verify"]
    print(f"  verify             {'sound' if report.get('sound') else report}")
    print("HELD" if result["held"] else "DID NOT HOLD")


def main() -> int:
    """Run; give the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--set", choices=PLANS, default="short")
    parser.add_argument("--seed", type=int, default=1, help="which worker dies when")
    parser.add_argument("--json", type=Path, help="write the result there")
    parser.add_argument("--workflows", type=int, help="at least so many, instead of the set's")
    given = parser.parse_args()
    plan = PLANS[given.set]
    plan.workflows = given.workflows or plan.workflows
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    account = Account()
    folder = local_root() / f"fault-{os.getpid()}"
    with site(folder) as place:
        account.say(f"broker {place.bootstrap}, logs in {folder / 'logs'}")
        provision_tenants(place.bootstrap, EDITIONS)
        journal = Journal(folder / "journal.jsonl")
        load = Load(place.bootstrap, CONCURRENCY, journal, DRIVER)
        load.start()
        until("the first workflows", lambda: load.ended >= 20, BACK_SECONDS)
        Run(place, load, plan, account, given.seed).faults()
        account.say("faults are over")
        result = finish(place, load, journal, account, plan)
    show(result)
    if given.json:
        given.json.write_text(json.dumps(result, indent=1), encoding="utf-8")
    return 0 if result["held"] else 1


if __name__ == "__main__":
    sys.exit(main())
