"""`factory run`, `factory demo` and `factory up`."""

import signal
import sys
import threading
from typing import Annotated

import typer

from schemas.output import print_line
from streams.run.account import Account
from streams.run.story import TENANTS, Story, proofs, run_proof
from streams.run.system import AGENTS, System, local_system

Agents = Annotated[
    str, typer.Option("--agents", help="Reference agents to start, separated by commas.")
]


def _progress(text: str) -> None:
    sys.stderr.write(f"… {text}\n")


def _line(text: str) -> None:
    print_line(text)


def _where(system: System) -> None:
    _line(f"Query API    {system.api}/api/v1  (factory token issue, then FACTORY_TOKEN)")
    for name, page in system.status_pages.items():
        _line(f"Status page  {page}  ({name})")
    _line(f"Kafka        {system.bootstrap}")


def _wait_for_end() -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    _line("Press Ctrl-C to stop.")
    ended.wait()


def _tell(system: System) -> list[str]:
    """Tell the story and prove it; give what did not hold."""
    names = [plan.tenant_id for plan in TENANTS]
    with Account(system.bootstrap, [*names, "system"], _line) as account:
        story = Story(system.bootstrap, account, _progress)
        try:
            story.tell()
        finally:
            story.close()
    unproved = [p for p in proofs(story.workflow) if not run_proof(p, _progress)]
    return story.failures + [f"factory {' '.join(p.arguments)} did not hold" for p in unproved]


def run() -> None:
    """Start everything, run a governed workflow from command to proof, stay up until Ctrl-C."""
    with local_system(_progress) as system:
        failures = _tell(system)
        _report(failures)
        _where(system)
        _wait_for_end()


def demo() -> None:
    """Do what `run` does and end: 0 only if everything held."""
    with local_system(_progress) as system:
        failures = _tell(system)
        _where(system)
    _report(failures)
    if failures:
        raise typer.Exit(1)


def up(agents: Agents = ",".join(AGENTS)) -> None:
    """Start everything and stay up until Ctrl-C, without a story."""
    with local_system(_progress, tuple(filter(None, agents.split(",")))) as system:
        _where(system)
        _wait_for_end()


def _report(failures: list[str]) -> None:
    for failure in failures:
        sys.stderr.write(f"NOT as expected: {failure}\n")
    if not failures:
        _line("Everything held.")


def register(app: typer.Typer) -> None:
    """Add `run`, `demo` and `up` to the command line."""
    for command in (run, demo, up):
        app.command(command.__name__)(command)
