"""`factory kafka`: the broker of this machine."""

from pathlib import Path
from typing import Annotated

import typer

from schemas.output import OperatorError, print_json, print_rows
from streams.local import Broker, OnStderr, start, status, stop

app = typer.Typer(help="The broker of this machine.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]
Directory = Annotated[
    Path | None,
    typer.Option("--directory", help="Folder of the broker; .local/kafka of the project if unset."),
]


@app.command("start")
def start_(directory: Directory = None, as_json: Json = False) -> None:
    """Start a broker unless one works already, and say where it answers."""
    broker = start(directory, progress=OnStderr())
    if as_json:
        print_json(_row(broker))
    else:
        print(broker.bootstrap)


@app.command("stop")
def stop_(directory: Directory = None, as_json: Json = False) -> None:
    """Stop the broker that was started here; its data stays."""
    stopped = stop(directory, progress=OnStderr())
    if as_json:
        print_json({"stopped": stopped})
    else:
        print("Stopped." if stopped else "No broker was running.")


@app.command("status")
def status_(directory: Directory = None, as_json: Json = False) -> None:
    """Say whether a broker is running and where. Ends with 1 if none is."""
    found = status(directory)
    if found.broker is None and not as_json:
        raise OperatorError(
            f"No broker is running for {found.directory}: start one with `factory kafka start`."
        )
    row = {
        "running": found.broker is not None,
        **(_row(found.broker) if found.broker else {}),
        "directory": str(found.directory),
        "log": str(found.log),
    }
    if as_json:
        print_json(row)
    else:
        print_rows([row], as_json=False)
    if found.broker is None:
        raise typer.Exit(1)


def _row(broker: Broker) -> dict[str, object]:
    return {"bootstrap": broker.bootstrap, "kind": broker.kind, "pid": broker.pid}
