"""`factory agents`: run reference agents."""

import signal
import sys
from typing import Annotated

import typer

from schemas.output import print_rows
from topics.logs import configure as configure_log
from topics.reference_agents import AGENTS, reference_worker

app = typer.Typer(help="Reference agents for the seed skills.", no_args_is_help=True)


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show the reference agents and the skills they serve."""
    rows = [
        {"agent": name, "agentId": a.agent_id, "version": a.version, "skills": sorted(a.skills)}
        for name, a in AGENTS.items()
    ]
    print_rows(rows, as_json=as_json)


@app.command("serve")
def serve(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(AGENTS)}.")],
    concurrency: Annotated[int, typer.Option(min=1, help="Most tasks worked on at once.")] = 8,
) -> None:
    """Serve an agent's skills until SIGTERM or Ctrl-C; tasks in hand are answered first."""
    configure_log()
    worker = reference_worker(name, concurrency=concurrency)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: worker.stop())
    sys.stderr.write(f"{AGENTS[name].agent_id} serves {', '.join(sorted(AGENTS[name].skills))}\n")
    worker.run()
    sys.stderr.write(f"{worker.finished} tasks answered\n")
