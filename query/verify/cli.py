"""`factory verify`: read every topic as a stranger would and say what does not hold."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from query.client import Api
from query.settings import from_environment
from schemas.output import OperatorError, print_json, print_rows
from topics.collecting import uncollected
from topics.partition import partition_of

if TYPE_CHECKING:
    from query.verify.run import Report

_SHOWN: Final = 100
"""Findings that a person is shown; --json gives all."""


def command(
    journal: Annotated[
        Path | None, typer.Option("--journal", help="JSON lines of what was sent.")
    ] = None,
    tenant: Annotated[str | None, typer.Option("--tenant", help="Only this tenant.")] = None,
    no_views: Annotated[
        bool, typer.Option("--no-views", help="Leave the API out: the log alone.")
    ] = False,
    group: Annotated[
        str | None, typer.Option("--group", help="Consumer group of the workers.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")] = False,
) -> None:
    """Check order, chain, versions, outcomes, causes, assignments, quotas and views. Ends with 1 on a finding."""
    # Every message type and the Kafka client: no other command should wait for them.
    from query.verify import journal as journals  # noqa: PLC0415
    from query.verify.asked import Asked  # noqa: PLC0415
    from query.verify.reader import Reader  # noqa: PLC0415
    from query.verify.run import verify  # noqa: PLC0415

    sent = None if journal is None else journals.Journal(journals.read(journal))
    api = None if no_views else Api()
    answers = None if api is None else Asked(api)
    settings = from_environment()
    reader = Reader(settings.bootstrap, settings.topic_prefix, group)
    partitions = None if tenant is None else iter([partition_of(tenant)])
    with uncollected():
        report = verify(reader.logs(partitions), answers=answers, journal=sent, tenant_id=tenant)
    if api is not None:
        api.close()
    _print(report, as_json=as_json)
    if report.records == 0:
        raise OperatorError("There is nothing to verify: the topics are empty.")
    if not report.is_sound:
        raise typer.Exit(1)


def _print(report: "Report", *, as_json: bool) -> None:
    findings = [
        {"check": check, **one._asdict()}
        for check, found in report.findings.items()
        for one in found
    ]
    if as_json:
        print_json({
            "sound": report.is_sound,
            "records": report.records,
            "facts": report.facts,
            "commands": report.commands,
            "tenants": report.tenants,
            "checks": {check: len(found) for check, found in report.findings.items()},
            "findings": [
                {"check": one["check"], "code": one["code"], "position": one["position"],
                 "tenantId": one["tenant_id"], "sentence": one["sentence"]}
                for one in findings
            ],
        })  # fmt: skip
        return
    print(
        f"{report.records} records read: {report.commands} commands, {report.facts} facts and refusals "
        f"of {report.tenants} tenants."
    )
    print_rows(
        (
            {"check": check, "result": "holds" if not found else f"{len(found)} findings"}
            for check, found in report.findings.items()
        ),
        as_json=False,
    )
    if findings:
        print_rows(findings[:_SHOWN], as_json=False, title="Findings")
        print(f"{len(findings)} findings.")
    else:
        print("Nothing was found.")
