"""`factory bench workflows`: the figures of goals.md §3 against a running local system."""

import os
import platform
import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer

from schemas.output import print_json, print_rows
from streams.bench.cpu import by_name, resident_bytes
from streams.bench.load import Load, Tally
from streams.bench.tenants import bench_tenants, provision_tenants
from streams.bench.volume import bytes_on_disk, count_records, ends
from streams.run.seeds import PLATFORM_ADMIN
from streams.run.system import System, running_system
from topics.command import Actor
from topics.model import PARTITIONS
from topics.settings import local_root

app = typer.Typer(help="Measure the running local system.", no_args_is_help=True)
DEFINITIONS = {5: ("add-five", "Adder")}
WARM_UP = 20


@app.callback()
def _bench() -> None:
    """Keep `workflows` a sub-command of its own name."""


@app.command("workflows")
def workflows(
    count: Annotated[int, typer.Option("--count", min=1, help="At least so many workflows.")] = 200,
    concurrency: Annotated[int, typer.Option("--concurrency", "-c", min=1)] = 16,
    tasks: Annotated[int, typer.Option("--tasks", help="Tasks a workflow: 5.")] = 5,
    tenants: Annotated[int, typer.Option("--tenants", min=1, help="Tenants, round robin.")] = 1,
    seconds: Annotated[float, typer.Option("--seconds", help="At least so long.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")] = False,
) -> None:
    """Run workflows of sequential tasks and count: policy, quota, cost, audit, projector and feed are on."""
    if tasks not in DEFINITIONS:
        raise typer.BadParameter(f"there are definitions for {sorted(DEFINITIONS)} tasks")
    definition, role = DEFINITIONS[tasks]
    system = running_system()
    names = bench_tenants(tenants)
    provision_tenants(system.bootstrap, names, role)
    load = Load(system.bootstrap, names, definition, Actor("user", PLATFORM_ADMIN))
    try:
        load.run(concurrency=concurrency, count=WARM_UP, seconds=0, each=lambda _t: None)
        result = _measure(system, load, concurrency, count, seconds)
    finally:
        load.close()
    settings = _settings(
        concurrency=concurrency, tenants=tenants, tasks=tasks, count=count, seconds=seconds
    )
    document = {**result, "settings": settings}
    if as_json:
        print_json(document)
        return
    print_rows(
        [{"figure": k, "value": v} for k, v in document.items() if not isinstance(v, dict)],
        as_json=False,
    )
    print_rows(
        [{"process": k, "cpuMs": v} for k, v in result["cpuMsPerWorkflowByProcess"].items()],
        as_json=False,
    )


def _measure(
    system: System, load: Load, concurrency: int, count: int, seconds: float
) -> dict[str, Any]:
    pids = {**system.pids, "client": os.getpid()}
    data = local_root() / "kafka" / "data"
    before_ends, before_bytes, before_cpu = (
        ends(system.bootstrap),
        bytes_on_disk(data),
        by_name(pids),
    )
    load.tally = Tally()
    tally = load.run(concurrency=concurrency, count=count, seconds=seconds, each=_show)
    cpu = {name: spent - before_cpu[name] for name, spent in by_name(pids).items()}
    after_ends, after_bytes = ends(system.bootstrap), bytes_on_disk(data)
    done = max(tally.completed, 1)
    records = count_records(system.bootstrap, before_ends, after_ends)
    return {
        "workflows": tally.completed,
        "failed": tally.failed,
        "seconds": round(tally.seconds, 2),
        "wfPerS": round(tally.completed / tally.seconds, 2),
        "p50Ms": round(tally.percentile(0.50), 1),
        "p99Ms": round(tally.percentile(0.99), 1),
        "cpuMsPerWorkflow": round(sum(cpu.values()) * 1000 / done, 2),
        "cpuMsPerWorkflowByProcess": {n: round(s * 1000 / done, 2) for n, s in cpu.items()},
        "recordsPerWorkflow": {n: round(r / done, 2) for n, r in records.items()},
        "recordsPerTask": round(sum(records.values()) / done / 5, 2),
        "bytesPerWorkflow": {
            n: round((size - before_bytes[n]) / done) for n, size in after_bytes.items()
        },
        "residentMb": {n: round(resident_bytes(pid) / 1e6, 1) for n, pid in pids.items()},
    }


def _show(tally: Tally) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{tally.completed} workflows")


def _settings(**given: Any) -> dict[str, Any]:
    return {
        **given,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "confluentKafka": version("confluent-kafka"),
        "duckdb": version("duckdb"),
        "partitions": PARTITIONS,
        "on": "policy, quota, cost, audit, lineage, projector, feed",
    }
