"""What the projector costs per fact: decode, order, project and write, without the Kafka client.

``python -m tests.bench.projector [--workflows N]`` prints CPU microseconds per fact and row at batches of 500 and
2,000. CPU of the whole process, DuckDB's threads included.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from query.decode import sequenced
from query.order import Order
from query.projections import project
from query.projector import Projector
from query.store import open_store
from query.visible import Visible
from tests.unit.query.recorded import Recorded
from tests.unit.query.story import finish, provision, start
from tests.unit.query.views import Tape
from topics.collecting import collect_seldom


def history(workflows: int) -> Recorded:
    """Give the history of eight tenants with so many one-task workflows each."""
    log = Recorded()
    tenants = [f"tenant-{number}" for number in range(8)]
    for tenant in tenants:
        provision(log, tenant)
    for number in range(1, workflows + 1):
        for tenant in tenants:
            start(log, tenant, number)
            finish(log, tenant, number)
    return log


def measure(log: Recorded, batch: int) -> str:
    """Project the whole log in batches of that size; give the figures as a line."""
    facts = log.facts()
    with tempfile.TemporaryDirectory() as folder:
        store, _ = open_store(Path(folder) / "views.duckdb")
        tape = Tape(facts, batch)
        projector = Projector(store, tape, Visible())  # type: ignore[arg-type]
        begun, wall = time.process_time(), time.perf_counter()
        while tape.left:
            projector.step()
        cpu, wall = time.process_time() - begun, time.perf_counter() - wall
        rows = projector.progress.rows
        store.close()
    count = len(facts)
    return (
        f"batch {batch:5}: {cpu / count * 1e6:5.1f} us CPU a fact, {cpu / rows * 1e6:5.1f} us a row, "
        f"{count / wall:,.0f} facts a second, {rows / count:.2f} rows a fact"
    )


def parts(log: Recorded) -> str:
    """Give what decoding and projecting cost apart, as a line."""
    facts = log.facts()
    begun = time.process_time()
    records = [record for raw in facts if (record := sequenced(raw)[0]) is not None]
    decoded = time.process_time()
    order = Order()
    visible = [one for record in records for one in order.offer(record)]
    ordered = time.process_time()
    for record in visible:
        project(record)
    projected = time.process_time()
    count = len(records) / 1e6
    return (
        f"decode {(decoded - begun) / count:.1f} us, order {(ordered - decoded) / count:.1f} us, "
        f"project {(projected - ordered) / count:.1f} us a fact"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--workflows", type=int, default=300, help="a tenant, of eight tenants")
    log = history(parser.parse_args().workflows)
    # As the process itself does it (query.service).
    collect_seldom()
    sys.stdout.write(f"{len(log.facts()):,} facts\n{parts(log)}\n")
    for batch in (500, 2_000):
        sys.stdout.write(measure(log, batch) + "\n")


if __name__ == "__main__":
    main()
