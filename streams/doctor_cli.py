"""`factory doctor`: everything that a person would look at when the system does not start, in one table."""

import os
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from schemas.catalogue import catalogue
from schemas.cli import findings as schema_findings
from schemas.output import print_json, print_rows
from streams.doctor import Check, Finding, is_healthy, run
from streams.doctor_broker import broker_checks
from streams.doctor_machine import (
    check_broker_ports,
    check_folder,
    check_java,
    check_lease_key,
    check_named_ports,
)
from streams.local import status
from streams.local.settings import Settings as BrokerSettings
from topics.settings import local_root


def register(app: typer.Typer, check_views: Check) -> None:
    """Add `doctor` to the command line; ``check_views`` looks at the query side's file."""

    @app.command("doctor")
    def doctor(
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")] = False,
    ) -> None:
        """Check this machine and the broker, and say what to do about what is wrong. Ends with 1 if a check fails.

        Changes nothing: no topic, no group, no file. What cannot be checked is shown as unchecked, with the reason.
        """
        findings = run([*checks(), ("views", check_views)])
        if as_json:
            print_json({"healthy": is_healthy(findings), "checks": [asdict(f) for f in findings]})
        else:
            print_rows([asdict(f) for f in findings], as_json=False)
        if not is_healthy(findings):
            raise typer.Exit(1)


def checks() -> list[tuple[str, Check]]:
    """List the checks in the order in which a system starts."""
    settings, local = BrokerSettings.from_environment(), local_root()
    broker = status()
    pid = broker.broker.pid if broker.broker is not None else None
    secret = os.environ.get("FACTORY_LEASE_SECRET", "")
    return [
        ("java", partial(check_java, settings)),
        ("local folder", partial(check_folder, local)),
        ("broker ports", partial(check_broker_ports, settings, pid)),
        ("named ports", check_named_ports),
        ("schemas", check_schemas),
        ("lease key", partial(check_lease_key, local, secret)),
        *broker_checks(broker),
    ]


def check_schemas() -> Finding:
    """Check the schemas and their lock, as `factory schemas check` does."""
    found = schema_findings()
    if not found:
        return Finding(
            "schemas", "ok", f"{len(catalogue().entries)} schemas as the registry lock has them"
        )
    first = f"{found[0]['where']}: {found[0]['rule']}"
    todo = "see `factory schemas check`; an installed release that was changed is installed again"
    return Finding("schemas", "fail", f"{len(found)} findings, first {first}", todo)


def views_finding(path: Path, state: str, detail: str) -> Finding:
    """Say what a look at the views' file means; state and detail as ``query.file_check`` has them."""
    if state == "none":
        return Finding("views", "ok", f"{path} is made when `factory query serve` starts")
    if state == "held":
        held = f"{path} is held by process {detail}"
        return Finding("views", "ok", held, "nothing if that is the query process; one may hold it")
    if state == "doubtful":
        todo = "start `factory query serve`: it sets the file aside and builds the views again from Kafka"
        return Finding("views", "warn", f"{path} does not open ({detail})", todo)
    return Finding("views", "ok", f"{path} opens, nobody holds it")
