"""`factory`: the command line, put together from the packages' own.

Each sub-command lives beside what it commands. Exit codes: 0 done, 1 a finding or a failure, 2 not
understood, 78 a worker or feed that may not start (exits.py), 130 interrupted. stdout is for results,
stderr for progress and for what went wrong.
"""

import os
import sys

import typer

from query import cli as query_cli
from query.settings import database_of
from schemas.cli import app as schemas
from schemas.output import OperatorError
from streams import doctor_cli, replay_cli, worker_cli
from streams.bench.cli import app as bench
from streams.definitions import cli as definitions_cli
from streams.doctor import Finding
from streams.local.cli import app as kafka
from streams.run import cli as run_cli
from topics import workflow_cli
from topics.agents_cli import app as agents
from topics.cli import app as topics
from topics.command_cli import app as command
from topics.events_cli import app as events
from topics.settings import local_root
from topics.trace_context import adopt

app = typer.Typer(
    name="factory",
    help="The Factory Control Plane.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
workflow = typer.Typer(help="Workflow instances.", no_args_is_help=True)


def check_views() -> Finding:
    """Check that the views' file opens, or say who holds it."""
    # The database takes a tenth of a second to import, which other commands do not need.
    from query.file_check import look  # noqa: PLC0415

    path = database_of(local_root())
    seen = look(path)
    return doctor_cli.views_finding(path, seen.state, seen.detail)


run_cli.register(app)
worker_cli.register(app)
doctor_cli.register(app, check_views)
replay_cli.register(app)
workflow_cli.register(workflow)
query_cli.register(app, workflow)
definitions_cli.register(workflow_cli.definitions)
app.add_typer(command, name="command")
app.add_typer(events, name="events")
app.add_typer(workflow, name="workflow")
app.add_typer(workflow_cli.definitions, name="definitions")
app.add_typer(agents, name="agents")
app.add_typer(bench, name="bench")
app.add_typer(kafka, name="kafka")
app.add_typer(topics, name="topics")
app.add_typer(schemas, name="schemas")


def main() -> None:
    """Run the command line; what a person can put right ends as one sentence, without a trace."""
    adopt(os.environ.get("TRACEPARENT"))
    try:
        app(prog_name="factory")
    except OperatorError as error:
        sys.stderr.write(f"factory: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
