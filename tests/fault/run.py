"""``python -m tests.fault.run [--set short|long] [--only F10,F9=30]``: break the running system, then verify.

The faults are rows of ``table.py``. Exits 0 only if each was seen to hit and to heal, nothing was lost, doubled, out of
order or admitted over quota, every workflow has ended, and the replayed state equals the live one.
"""

import argparse
import json
import math
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from confluent_kafka import KafkaException

from schemas.output import OperatorError
from tests.fault import verdict
from tests.fault.account import Account
from tests.fault.brokers import OneBroker, ThreeBrokers
from tests.fault.disks import SmallDisks
from tests.fault.field import EDITIONS, Field, NotHereError
from tests.fault.site import provision_tenants, site
from tests.fault.table import FAULTS, Fault, Where
from topics.settings import local_root

WORKFLOWS: Final = {"short": 2000, "long": 17_000}
PER_SECOND: Final = {"short": math.inf, "long": 7.0}
"""Workflows that are started a second at most: a restart reads the state, which grows over the hour of a long run."""
WORKFLOWS_SECONDS_MAX: Final = 3600
FAILURES: Final = (AssertionError, TimeoutError, OSError, KafkaException, OperatorError)
"""How a fault says that something did not hold; anything else is a defect of ours and ends the run."""


@dataclass(frozen=True)
class Plan:
    """What a run does: rows with how often each, and at least so many workflows on the usual site."""

    rows: dict[Fault, int]
    workflows: int
    seed: int
    per_second: float

    def on(self, where: Where) -> dict[Fault, int]:
        """Give the rows that need that system."""
        return {fault: times for fault, times in self.rows.items() if fault.where is where}


def plan_of(given: argparse.Namespace) -> Plan:
    """Give the plan that the command line asks for. Raises SystemExit on an unknown row."""
    if not given.only:
        workflows = WORKFLOWS[given.set] if given.workflows is None else given.workflows
        rows = {fault: getattr(fault, given.set) for fault in FAULTS if getattr(fault, given.set)}
        return Plan(rows, workflows, given.seed, PER_SECOND[given.set])
    by_id = {fault.id: fault for fault in FAULTS}
    rows = {}
    for name, _, times in (word.partition("=") for word in given.only.split(",")):
        if name not in by_id:
            raise SystemExit(f"There is no fault {name}: see --list.")
        fault = by_id[name]
        rows[fault] = int(times or fault.short or fault.long)
    return Plan(rows, given.workflows or 0, given.seed, PER_SECOND[given.set])


@contextmanager
def field_of(where: Where, folder: Path, account: Account, plan: Plan) -> Iterator[Field]:
    """Give a loaded system of that kind."""
    brokers = ThreeBrokers(folder) if where is Where.THREE else OneBroker(folder)
    disks = SmallDisks(folder) if where is Where.DISKS and os.geteuid() == 0 else None
    try:
        if disks is not None:
            disks.mount()
        with site(folder, brokers) as place:
            account.say(f"{where}: {place.bootstrap}, logs in {folder / 'logs'}")
            provision_tenants(place.bootstrap, EDITIONS)
            field = Field(place, brokers, account, plan.seed, disks, per_second=plan.per_second)
            field.load.start()
            field.until("the first workflows", lambda: field.load.ended >= 20)
            yield field
    finally:
        if disks is not None:
            disks.unmount()


def run_row(field: Field, fault: Fault, times: int) -> bool:
    """Do one row; what did not hold is noted and the system brought back. Give whether another row makes sense."""
    account, field.row = field.account, fault.id
    account.say(f"{fault.id} {fault.name}, {times}")
    try:
        fault.program(field, times)
        if account.done[fault.id] < times:
            account.broken[fault.id] = f"hit {account.done[fault.id]} times of {times}"
    except NotHereError as error:
        account.not_here[fault.id] = str(error)
    except FAILURES as error:
        account.broken[fault.id] = str(error) or type(error).__name__
        account.say(f"{fault.id} DID NOT HOLD: {account.broken[fault.id]}")
        try:
            field.place.settle()
        except FAILURES as worse:
            account.broken[fault.id] += f"; the system did not come back: {worse}"
            return False
    return True


def run_site(where: Where, plan: Plan, folder: Path, account: Account) -> dict[str, Any]:
    """Do the rows of one system and judge what its topics say at the end."""
    with field_of(where, folder, account, plan) as field:
        for fault, times in plan.on(where).items():
            if not run_row(field, fault, times):
                break
        if where is Where.USUAL:
            field.until(
                "the planned workflows",
                lambda: field.load.ended >= plan.workflows,
                WORKFLOWS_SECONDS_MAX,
            )
        account.say("faults are over")
        return judge(field)


def judge(field: Field) -> dict[str, Any]:
    """Let everything end, then verify; give the verdict on this system."""
    account, load = field.account, field.load
    try:
        field.drain()
    except TimeoutError as error:
        account.broken["drain"] = str(error)
        load.halt()
    account.say("verifying")
    field.journal.close()
    with ThreadPoolExecutor() as pool:  # a process of its own, beside the replay in this one
        verified = pool.submit(verdict.verify, field.journal.path)
        digests = verdict.digests([*EDITIONS, "system"])
        report = verified.result()
    return {
        "sound": bool(report.get("sound")) and all(d["equal"] for d in digests.values()),
        "commands": field.journal.commands,
        "acknowledged": len(field.journal.acknowledged),
        "unknown": len(field.journal.unknown - field.journal.acknowledged),
        "workflows": dict(load.seen.ends),
        "open": len(load.open),
        "abortedRecords": verdict.aborted_records(field.place.bootstrap),
        "digests": digests,
        "verify": report,
    }


def show(result: dict[str, Any]) -> None:
    """Print the result for a person."""
    print()
    for what, each in result["seconds"].items():
        print(f"  {what:<52} x{each['count']:<4}"
              f"{each['min']:7.2f} / {each['median']:.2f} / {each['max']:.2f} s (min, median, max)")  # fmt: skip
    for note in result["notes"]:
        print(f"  {note}")
    for where, found in result["systems"].items():
        print(f"{where}: commands {found['commands']}, acknowledged {found['acknowledged']}, of unknown fate "
              f"{found['unknown']}, workflows {found['workflows']}, open {found['open']}, "
              f"records of aborted transactions {found['abortedRecords']}")  # fmt: skip
        for tenant, digest in found["digests"].items():
            equal = "equal" if digest["equal"] else "DIFFERS"
            print(f"  {tenant:<12} sequence {digest['sequence']:>7}  replayed digest {equal}")
        report = found["verify"]
        print(f"  factory verify: {'sound' if report.get('sound') else report}")
    for row, times in result["done"].items():
        print(f"  {row:<10} x{times:<4} {result['broken'].get(row, 'held')}")
    for row, why in {**result["notHere"], **result["broken"]}.items():
        print(f"  {row:<10} {'not here: ' if row in result['notHere'] else 'DID NOT HOLD: '}{why}")
    print("HELD" if result["held"] else "DID NOT HOLD")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--set", choices=("short", "long"), default="short")
    parser.add_argument(
        "--only", help="rows by id, separated by commas, each with =TIMES if wanted"
    )
    parser.add_argument("--seed", type=int, default=1, help="what chance decides")
    parser.add_argument("--json", type=Path, help="write the result there")
    parser.add_argument("--workflows", type=int, help="at least so many, instead of the set's")
    parser.add_argument("--list", action="store_true", help="print the rows and end")
    return parser.parse_args()


def main() -> int:
    """Run; give the exit code."""
    given = arguments()
    if given.list:
        for fault in FAULTS:
            print(f"{fault.id:<10} {fault.short:>3} {fault.long:>4}  {fault.name}: {fault.figure}")
        return 0
    plan = plan_of(given)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    account = Account()
    root = local_root() / f"fault-{os.getpid()}"
    systems = {
        where.value: run_site(where, plan, root / where.name.lower(), account)
        for where in Where
        if plan.on(where)
    }
    held = not account.broken and all(found["sound"] for found in systems.values())
    result = {
        "held": held,
        "set": given.only or given.set,
        "done": dict(account.done),
        "broken": account.broken,
        "notHere": account.not_here,
        "seconds": account.figures(),
        "notes": account.notes,
        "systems": systems,
    }
    show(result)
    if given.json:
        given.json.write_text(json.dumps(result, indent=1), encoding="utf-8")
    if held:
        shutil.rmtree(root, ignore_errors=True)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
