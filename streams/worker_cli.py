"""`factory worker` and `factory feed`: the two long-running processes of this package."""

import os
import sys
from typing import Annotated

import typer

from schemas.output import OperatorError
from streams.settings import Settings, from_environment
from streams.supervisor import Supervisor
from topics import logs
from topics.catalogue import TOPICS
from topics.provision import admin_client, check


def register(app: typer.Typer) -> None:
    """Add both commands to the command line."""
    app.command("worker")(worker)
    app.command("feed")(feed)


def worker(
    name: Annotated[
        str, typer.Option(help="Name of this worker, unique among those that run at one time.")
    ] = "",
    port: Annotated[
        int, typer.Option(help="Port of the status page on loopback; 0 takes a free one.")
    ] = 0,
) -> None:
    """Run a worker: decide what comes in by the input topics of the partitions it is given.

    Ends on SIGTERM or an interrupt, after the cycle in hand. A worker that is in doubt ends itself and is started
    again; one that fails again and again ends this command with 1. SIGUSR2 restarts it with hardly a pause: a
    successor catches up beside it and takes its place.
    """
    _ready(from_environment())
    if name:
        os.environ["FACTORY_WORKER"] = name
    if port:
        os.environ["FACTORY_WORKER_PORT"] = str(port)
    raise typer.Exit(_supervised("streams.app", has_successors=True))


def feed(
    port: Annotated[
        int, typer.Option(help="Port of the status page on loopback; 0 takes a free one.")
    ] = 0,
) -> None:
    """Run the decision feed: copy policy decisions and approvals to the topic that Governance follows."""
    _ready(from_environment())
    if port:
        os.environ["FACTORY_WORKER_PORT"] = str(port)
    raise typer.Exit(_supervised("streams.feed"))


def _supervised(module: str, *, has_successors: bool = False) -> int:
    logs.configure()
    return Supervisor([sys.executable, "-m", module], has_successors=has_successors).run()


def _ready(settings: Settings) -> None:
    """Refuse to start without topics: a worker would only fail again and again."""
    missing = check(admin_client(settings.bootstrap), TOPICS).missing
    if missing:
        raise OperatorError(
            f"The broker lacks {len(missing)} topics, {missing[0]} first: create them with "
            "`factory topics provision`."
        )
