"""`factory topics`: show the catalogue, create it on a broker, compare the two."""

from collections.abc import Mapping
from typing import Annotated

import typer

from schemas.output import print_json, print_rows
from topics.acls import bindings, render
from topics.catalogue import TOPICS
from topics.markdown import catalogue_markdown
from topics.model import Topic
from topics.provision import Drift, Report, admin_client, check, provision
from topics.settings import bootstrap_servers

app = typer.Typer(help="The topics of the control plane.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]


@app.command("list")
def list_(
    as_json: Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the reference page.")] = False,
) -> None:
    """Show every topic: what it holds, who writes and reads it, how it is kept."""
    if markdown:
        print(catalogue_markdown(TOPICS), end="")
        return
    print_rows(map(_full_row if as_json else _short_row, TOPICS), as_json=as_json)


@app.command("acls")
def acls(as_json: Json = False) -> None:
    """Show the access rules that the catalogue asks of a broker."""
    rights = bindings(TOPICS)
    if not as_json:
        print(render(rights), end="")
        return
    print_json([
        {
            "principal": f"User:{right.party}",
            "operation": right.operation,
            "resource": right.resource,
            "match": right.match,
            "name": right.name,
        }
        for right in rights
    ])  # fmt: skip


@app.command("provision")
def provision_(
    repair: Annotated[
        bool, typer.Option("--repair", help="Also set the settings that differ.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Create the topics that are missing; safe to run again. Ends with 1 if any differs."""
    _show(provision(admin_client(bootstrap_servers()), TOPICS, repair=repair), as_json=as_json)


@app.command("check")
def check_(as_json: Json = False) -> None:
    """Compare the broker with the catalogue. Ends with 1 if a topic is missing or differs."""
    _show(check(admin_client(bootstrap_servers()), TOPICS), as_json=as_json)


def _show(report: Report, *, as_json: bool) -> None:
    if as_json:
        print_json({
            "sound": report.is_sound,
            "present": report.present,
            "created": report.created,
            "missing": report.missing,
            "drift": [_drift_row(drift) for drift in report.drift],
            "repaired": [_drift_row(drift) for drift in report.repaired],
        })  # fmt: skip
    else:
        _show_to_a_person(report)
    if not report.is_sound:
        raise typer.Exit(1)


def _show_to_a_person(report: Report) -> None:
    print(
        f"{len(report.present)} topics present, {len(report.created)} of them created now, "
        f"{len(report.repaired)} settings put right."
    )
    if report.missing:
        print(f"Missing: {' '.join(report.missing)}. Run `factory topics provision`.")
    if report.drift:
        print_rows(map(_drift_row, report.drift), as_json=False)
        fixed = [drift for drift in report.drift if not drift.is_repairable]
        if len(fixed) < len(report.drift):
            print("Run `factory topics provision --repair` to put the settings right.")
        if fixed:
            print("A partition count is never changed: start over with another broker folder.")


def _short_row(topic: Topic) -> Mapping[str, object]:
    return {
        "topic": topic.name,
        "kind": topic.kind,
        "partitions": topic.partitions,
        "kept": topic.kept,
        "writers": topic.writers,
        "readers": topic.readers,
        "holds": topic.holds,
    }


def _full_row(topic: Topic) -> Mapping[str, object]:
    return {
        "topic": topic.name,
        "kind": topic.kind,
        "holds": topic.holds,
        "key": topic.key,
        "admits": sorted(topic.admits),
        "partitions": topic.partitions,
        "settings": {**topic.settings(), **topic.tuning},
        "writers": topic.writers,
        "readers": topic.readers,
    }


def _drift_row(drift: Drift) -> Mapping[str, object]:
    return {
        "topic": drift.topic,
        "setting": drift.setting,
        "expected": drift.expected,
        "actual": drift.actual,
    }
