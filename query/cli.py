"""`factory query|token|audit|cost|lineage|…`: serve the views, and read them over HTTP."""

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from query import access
from query.client import Api, Document
from query.settings import from_environment, keys_folder
from query.verify.cli import command as verify_command
from schemas.output import OperatorError, print_json, print_line, print_rows
from topics.logs import configure as configure_log
from topics.settings import local_root

if TYPE_CHECKING:
    from query.projector import Progress

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Most rows.")]
Status = Annotated[str | None, typer.Option("--status", help="Only of this status.")]
From = Annotated[str | None, typer.Option("--from", help="At or after this instant, RFC 3339.")]
To = Annotated[str | None, typer.Option("--to", help="Before this instant, RFC 3339.")]
Workflow = Annotated[str | None, typer.Option("--workflow", help="Only of this instance.")]
Instance = Annotated[str, typer.Argument(help="The workflow instance, wf-<uuid>.")]
_REPORT_DAYS: Final = 30
_PAGE: Final = 500

query = typer.Typer(help="The views and their API.", no_args_is_help=True)
tokens = typer.Typer(help="Tokens of the API.", no_args_is_help=True)
audit = typer.Typer(help="The audit record.", no_args_is_help=True)
cost = typer.Typer(help="Usage and cost.", no_args_is_help=True)
lineage = typer.Typer(help="What came from what.", no_args_is_help=True)
dead_letters = typer.Typer(help="Records that nobody could decide on.", no_args_is_help=True)
quota = typer.Typer(help="Limits and their use.", no_args_is_help=True)
decisions = typer.Typer(help="Policy decisions.", no_args_is_help=True)
approvals = typer.Typer(help="Approvals.", no_args_is_help=True)


def register(root: typer.Typer, workflow: typer.Typer) -> None:
    """Add these commands to the root, and those of workflow instances to their group."""
    for group, name in (
        (query, "query"),
        (tokens, "token"),
        (audit, "audit"),
        (cost, "cost"),
        (lineage, "lineage"),
        (dead_letters, "dead-letters"),
        (quota, "quota"),
        (decisions, "decisions"),
        (approvals, "approvals"),
    ):
        root.add_typer(group, name=name)
    root.command("lag")(show_lag)
    root.command("verify")(verify_command)
    workflow.command("show")(show_workflow)
    workflow.command("list")(list_workflows)
    workflow.command("explain")(explain_workflow)


# -- the process -------------------------------------------------------------------------------------
@query.command("serve")
def serve(
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="0 takes a free port.")
    ] = None,
) -> None:
    """Project the facts into DuckDB and answer questions until stopped."""
    # Of all commands these two alone need the database and the server, half a second of imports.
    from query.service import Service  # noqa: PLC0415

    configure_log()
    settings = from_environment()
    if port is not None:
        settings = settings.at_port(port)
    Service(settings).run()


@query.command("rebuild")
def rebuild_views(as_json: Json = False) -> None:
    """Build every view again from offset 0 into a new file and swap; the query process must be stopped."""
    from query.rebuild import rebuild  # noqa: PLC0415

    done = rebuild(from_environment(), _show_progress)
    sys.stderr.write("\n")
    report = {"records": done.records, "rows": done.rows, "deadLetters": done.dead_letters}
    if as_json:
        print_json(report)
    else:
        print(f"{done.records} records read, {done.rows} rows written.")


def _show_progress(progress: "Progress") -> None:
    sys.stderr.write(f"\r{progress.records} records read, {progress.held} held back ")
    sys.stderr.flush()


@tokens.command("issue")
def issue_token(
    tenant: Annotated[str, typer.Option("--tenant", help="The one tenant of the token.")],
    subject: Annotated[str, typer.Option("--subject", help="Who it is for.")] = "user:cli",
    role: Annotated[
        list[str] | None, typer.Option("--role", help="A role; may be repeated.")
    ] = None,
    ttl: Annotated[
        int, typer.Option("--ttl", min=1, max=access.TTL_MAX_S, help="Lifetime in seconds.")
    ] = access.TTL_S,
) -> None:
    """Print a token, signed with the key of this machine; whoever may read the key may issue."""
    folder = keys_folder(local_root())
    print(access.issue(folder, tenant, subject, frozenset(role or ["Viewer"]), ttl))


# -- workflows ---------------------------------------------------------------------------------------
def show_workflow(instance: Instance, as_json: Json = False) -> None:
    """Show an instance, its steps and its timeline."""
    with Api() as api:
        answer = api.get(f"/workflows/{instance}")
    if as_json:
        print_json(answer)
        return
    workflow = answer["data"]
    reason = f" ({workflow['reason']})" if workflow["reason"] else ""
    print_line(
        f"{workflow['title'] or workflow['definitionName']}: {workflow['status']}{reason}, "
        f"as of sequence {answer['asOf']['sequence']}"
    )
    print_rows(
        (_only(step, "stepPath", "stepName", "status", "reason") for step in workflow["steps"]),
        as_json=False,
        title="Steps",
    )
    print_rows((_entry(entry) for entry in workflow["timeline"]), as_json=False, title="Timeline")


def list_workflows(
    status: Status = None,
    definition: Annotated[str | None, typer.Option("--definition")] = None,
    project: Annotated[str | None, typer.Option("--project")] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List instances, newest first."""
    rows = _rows(
        "/workflows",
        limit,
        page_size=min(limit, _PAGE),
        status=status,
        definition=definition,
        project=project,
    )
    columns = ("workflowInstanceId", "status", "definitionName", "definitionVersion", "startedAt")
    _show(rows, as_json, *columns)


def explain_workflow(instance: Instance, as_json: Json = False) -> None:
    """Say why an instance is in its present state and what it waits for."""
    with Api() as api:
        answer = api.get(f"/workflows/{instance}/explanation")
    if as_json:
        print_json(answer)
        return
    data = answer["data"]
    print_line(f"{data['workflow']['title']}: {data['workflow']['status']}")
    for sentence in data["because"]:
        print_line(f"- {sentence}")
    print_rows((_entry(entry) for entry in data["latestFacts"]), as_json=False, title="Last facts")


# -- reports -----------------------------------------------------------------------------------------
@audit.command("list")
def list_audit(
    since: From = None,
    until: To = None,
    actor: Annotated[str | None, typer.Option("--actor")] = None,
    resource: Annotated[str | None, typer.Option("--resource", help="Id of what changed.")] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Fact or refused command.")] = None,
    outcome: Annotated[str | None, typer.Option("--outcome", help="Such as Refused.")] = None,
    trace: Annotated[str | None, typer.Option("--trace")] = None,
    workflow: Workflow = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List facts and refusals, newest first."""
    asked: dict[str, Any] = {"from": since, "to": until, "type": type_}
    rows = _rows(
        "/audit",
        limit,
        page_size=min(limit, _PAGE),
        actor=actor,
        resource=resource,
        outcome=outcome,
        trace=trace,
        workflow=workflow,
        **asked,
    )
    if as_json:
        print_json(list(rows))
    else:
        print_rows(map(_entry, rows), as_json=False)


@cost.command("report")
def report_cost(
    by: Annotated[
        str, typer.Option("--by", help="project, workflow, agent, skill or model.")
    ] = "project",
    since: From = None,
    until: To = None,
    as_json: Json = False,
) -> None:
    """Sum tokens and cost by day and group; the last 30 days where no range is given."""
    now = datetime.now(UTC)
    bounds = {
        "from": since or (now - timedelta(days=_REPORT_DAYS)).isoformat(),
        "to": until or (now + timedelta(days=1)).isoformat(),
    }
    with Api() as api:
        answer = api.get("/costs", group_by=by, **bounds)
    if as_json:
        print_json(answer)
    else:
        print_rows(answer["data"], as_json=False)


@lineage.command("show")
def show_lineage(
    artifact: Annotated[str | None, typer.Argument(help="The artifact, art-<uuid>.")] = None,
    workflow: Workflow = None,
    direction: Annotated[str, typer.Option("--direction", help="up or down.")] = "up",
    depth: Annotated[int, typer.Option("--depth", min=1, max=32)] = 8,
    as_json: Json = False,
) -> None:
    """Walk from an artifact, or from all of a workflow, to what it came from (up) or led to (down)."""
    if (artifact is None) == (workflow is None):
        raise OperatorError("Name an artifact, or a workflow with --workflow.")
    with Api() as api:
        roots = [artifact] if artifact else _artifacts_of(api, workflow)
        walks = [
            api.get(f"/artifacts/{root}/lineage", direction=direction, depth=depth)["data"]
            for root in roots
        ]
    if as_json:
        print_json(walks)
        return
    seen = {tuple(edge.items())[:5]: edge for walk in walks for edge in walk["edges"]}
    _show(iter(seen.values()), False, "fromType", "fromId", "edgeType", "toType", "toId", "depth")


def _artifacts_of(api: Api, workflow: str | None) -> list[str]:
    rows = api.rows("/artifacts", page_size=_PAGE, workflow=workflow)
    return list(dict.fromkeys(row["artifactId"] for row in rows))


@quota.command("list")
def list_quotas(as_json: Json = False) -> None:
    """List the limits in force and what counts against each."""
    with Api() as api:
        rows = api.get("/quotas")["data"]
    columns = ("ledgerId", "dimension", "window", "limit", "used", "reserved", "isHard", "source")
    _show(iter(rows), as_json, *columns)


@decisions.command("list")
def list_decisions(
    effect: Annotated[str | None, typer.Option("--effect", help="Such as Deny.")] = None,
    workflow: Workflow = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List policy decisions, newest first."""
    rows = _rows(
        "/policy-decisions",
        limit,
        page_size=min(limit, _PAGE),
        effect=effect,
        workflow=workflow,
    )
    columns = ("decidedAt", "effect", "action", "resource", "principalId", "determiningRules")
    _show(rows, as_json, *columns)


@approvals.command("list")
def list_approvals(status: Status = None, limit: Limit = 50, as_json: Json = False) -> None:
    """List approvals, newest first."""
    rows = _rows("/approvals", limit, page_size=min(limit, _PAGE), status=status)
    columns = ("approvalId", "status", "approverRole", "title", "requestedBy", "expiresAt")
    _show(rows, as_json, *columns)


# -- operators ---------------------------------------------------------------------------------------
@dead_letters.command("list")
def list_dead_letters(
    code: Annotated[str | None, typer.Option("--code")] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List dead letters; needs an operator's token."""
    rows = _rows("/dead-letters", limit, page_size=min(limit, _PAGE), code=code)
    _show(rows, as_json, "source", "stage", "code", "field", "rule", "appendedAt")


@dead_letters.command("show")
def show_dead_letter(
    source: Annotated[str, typer.Argument(help="Place of the record, TOPIC:PARTITION:OFFSET.")],
    as_json: Json = False,
) -> None:
    """Show a dead letter whole; needs an operator's token."""
    with Api() as api:
        letter = api.get(f"/dead-letters/{source}")["data"]
    if as_json:
        print_json(letter)
        return
    print_rows(({"field": name, "value": value} for name, value in letter.items()), as_json=False)


def show_lag(as_json: Json = False) -> None:
    """Show how far the views are behind the log; needs an operator's token."""
    with Api() as api:
        lag = api.get("/lag")["data"]
    if as_json:
        print_json(lag)
        return
    print(f"{lag['recordsBehind']} records behind, {lag['heldRecords']} held back.")
    if lag["problem"]:
        print_line(lag["problem"])
    behind = (partition for partition in lag["partitions"] if partition["lag"])
    print_rows(behind, as_json=False)


def _rows(path: str, limit: int, **query: object) -> list[Document]:
    with Api() as api:
        return list(api.rows(path, limit, **query))


# -- printing ----------------------------------------------------------------------------------------
def _show(rows: Any, as_json: bool, *columns: str) -> None:
    listed = list(rows)
    if as_json:
        print_json(listed)
    else:
        print_rows((_only(row, *columns) for row in listed), as_json=False)


def _only(row: Document, *columns: str) -> Document:
    return {column: row[column] for column in columns}


def _entry(entry: Document) -> Document:
    """Give an audit entry as a line for a person."""
    resource = f"{entry['resourceType'] or ''} {entry['resourceId'] or ''}".strip()
    outcome = f"{entry['outcome']} {entry['code'] or ''}".strip()
    return {
        "sequence": entry["sequence"],
        "at": entry["occurredAt"],
        "action": entry["action"],
        "outcome": outcome,
        "resource": resource,
        "actor": entry["actorId"],
    }
