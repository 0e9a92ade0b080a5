"""How long a worker needs from the start of its process to its first commits, with so many state records to restore.

``python -m tests.bench.restore [--records N] [--runs N] [--json]``: a broker of its own, ``cp.state`` filled with
records of the real rules over all partitions, one worker that owns them all. A command waits in every partition
before the worker starts; measured is the wall time until a reader of committed records has the first and the last
of their facts, and the worker's memory and CPU at that moment.
"""

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Producer

from schemas.edge_model import model_of
from streams.bench.cpu import cpu_seconds
from streams.local import start_kafka
from streams.run.fleet import Fleet, Member
from streams.state_key import POSITIONS_KEY
from tests.bench import history
from tests.broker import folder_for_this_run
from tests.property.test_whole_pipeline import owner_of
from topics import naming
from topics.catalogue import TOPICS
from topics.command import Actor
from topics.consumer import EventConsumer
from topics.model import PARTITIONS
from topics.producer import CommandProducer
from topics.provision import admin_client, provision
from topics.settings import producer_options

CYCLE: Final = 200
"""Records of a transaction of the changelog, as a busy worker writes them."""
WAIT_SECONDS: Final = 300
TARGET_SECONDS: Final = 10
RESTORED: Final = re.compile(r"restored \[[^]]*\] in ([0-9.]+) s")
"""What a worker says of the time that its restore took."""


def fill(bootstrap: str, records: int, versions: int) -> dict[str, float]:
    """Write the state; give what it holds."""
    found = history.pattern()
    size = count = 0
    for number in range(PARTITIONS):
        producer = Producer(
            {
                **producer_options(bootstrap),
                "transactional.id": f"fill-{number}",
                "linger.ms": 5,
                "compression.type": "gzip",
                "compression.level": 1,
            }
        )
        producer.init_transactions(30)
        for each in range(versions):
            last = each + 1 == versions
            for chunk in chunks(history.partition(found, number, records // PARTITIONS), last):
                producer.begin_transaction()
                for key, value in chunk:
                    producer.produce(naming.STATE, value, key, number)
                    size += len(key) + len(value)
                    count += 1
                producer.commit_transaction(60)
    return {"records": count, "bytesARecord": round(size / count)}


def chunks(
    records: Iterator[tuple[bytes, bytes]], whole: bool
) -> Iterator[list[tuple[bytes, bytes]]]:
    """Give the records by transactions; the positions only with the last version of the state."""
    chunk = []
    for record in records:
        if whole or record[0] != POSITIONS_KEY:
            chunk.append(record)
        if len(chunk) >= CYCLE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def ask(bootstrap: str, run: int) -> None:
    """Send every partition a command of its tenant."""
    for tenant in history.tenants():
        with CommandProducer(Actor("user", owner_of(tenant)), bootstrap) as people:
            sized = {"agentRole": "Bench", "capacity": 100 + run}
            people.send(model_of("SizeAgentPool").model_validate(sized), tenant)


def measure(bootstrap: str, folder: Path, run: int) -> dict[str, Any]:
    """Start a worker over the state and give its figures."""
    ask(bootstrap, run)
    environment = {"KAFKA_BOOTSTRAP": bootstrap, "FACTORY_LOCAL": str(folder)}
    with (
        EventConsumer(bootstrap=bootstrap).from_now() as events,
        Fleet(folder, environment) as fleet,
    ):
        begun = time.time()
        member = fleet.start(f"worker-{run}", "worker", "--name", "bench")
        seen: dict[int, float] = {}
        while len(seen) < PARTITIONS:
            for event in events.poll(0.05):
                seen.setdefault(event.partition, time.time() - begun)
            fleet.check()
            if time.time() - begun > WAIT_SECONDS:
                raise TimeoutError(f"facts of {sorted(seen)} only")
        return {
            "firstSeconds": round(min(seen.values()), 2),
            "lastSeconds": round(max(seen.values()), 2),
            "held": max(seen.values()) <= TARGET_SECONDS,
            "cpuSeconds": round(cpu_seconds(member.process.pid), 2),
            "peakMegabytes": peak(member),
            "restoreSeconds": float(RESTORED.findall(member.log.read_text())[-1]),
        }


def peak(member: Member) -> int:
    """Give the most memory that the worker's process ever held."""
    children = Path(f"/proc/{member.process.pid}/task/{member.process.pid}/children").read_text()
    status = Path(f"/proc/{children.split()[0]}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def main() -> int:
    """Fill, measure, print; give 1 where the target was missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument(
        "--records", type=int, default=1_000_000, help="state records, all partitions together"
    )
    parser.add_argument(
        "--versions", type=int, default=1, help="how often each stands in the changelog"
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with folder_for_this_run("restore") as folder:
        bootstrap = start_kafka(folder).bootstrap
        os.environ["KAFKA_BOOTSTRAP"] = bootstrap
        provision(admin_client(bootstrap), TOPICS)
        filled = fill(bootstrap, given.records, given.versions)
        sys.stderr.write(f"filled: {filled}\n")
        runs = []
        for run in range(given.runs):
            runs.append(measure(bootstrap, folder / "local", run))
            sys.stderr.write(f"{runs[-1]}\n")
    if given.json:
        sys.stdout.write(json.dumps({**filled, "runs": runs}, indent=1) + "\n")
    return 0 if all(run["held"] for run in runs) else 1


if __name__ == "__main__":
    sys.exit(main())
