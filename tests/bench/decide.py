"""What deciding costs: ``python -m tests.bench.decide [--workflows N] [--batch N] [--json] [--profile]``.

The real rules decide workflows of five agent tasks, from encoded records to encoded records, in one process without
Kafka: the worker's own Python work with everything on, and nothing of the clients, the broker or other processes.
CPU time of this thread, so a busy machine changes it little.
"""

import argparse
import cProfile
import json
import pstats
import sys
import time
from typing import Any

from tests.bench.one_partition import Assigned, World


def run(world: World, workflows: int, batch: int) -> None:
    """Decide workflows to their ends, ``batch`` of them in flight."""
    started = 0
    waiting: list[Assigned] = []
    while world.completed < workflows:
        records = [world.result(*assigned) for assigned in waiting]
        while started < workflows and len(records) < batch:
            records.append(world.start(started))
            started += 1
        waiting = world.decide(records)


def measure(workflows: int, batch: int, profile: cProfile.Profile | None) -> dict[str, Any]:
    """Give the figures; the first part of the work warms up and is not counted."""
    world = World()
    world.prepare()
    run(world, max(50, workflows // 5), batch)
    world.reset()
    world.profile = profile
    run(world, workflows, batch)
    return {
        "cpuMsPerWorkflow": round(1000 * world.cpu_s / workflows, 3),
        "cpuMsPerCommand": round(1000 * world.cpu_s / world.commands, 3),
        "commandsPerWorkflow": round(world.commands / workflows, 2),
        "recordsPerWorkflow": {k: round(n / workflows, 2) for k, n in world.outputs.items()},
        "bytesPerWorkflow": {k: round(n / workflows) for k, n in world.bytes.items()},
        "settings": {"workflows": workflows, "batch": batch, "python": sys.version.split()[0]},
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--workflows", type=int, default=500)
    parser.add_argument(
        "--batch", type=int, default=16, help="workflows in flight, records a cycle"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--profile", action="store_true", help="also print where the time goes")
    given = parser.parse_args()
    profile = cProfile.Profile(time.thread_time) if given.profile else None
    figures = measure(given.workflows, given.batch, profile)
    if given.json:
        print(json.dumps(figures, indent=1))
    else:
        for name, value in figures.items():
            print(f"{name:22} {value}")
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)


if __name__ == "__main__":
    main()
