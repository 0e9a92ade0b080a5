"""`factory events`: follow the canonical events."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from schemas.edge_model import document_of, instant, micros
from schemas.output import OperatorError, print_line
from topics.consumer import EventConsumer
from topics.events import Event

app = typer.Typer(help="The canonical events.", no_args_is_help=True)


@app.callback()
def _events() -> None:
    """Keep `follow` a sub-command of its own name."""


@app.command("follow")
def follow(
    tenant: Annotated[
        str | None, typer.Option("--tenant", "-t", help="Only this tenant's.")
    ] = None,
    context: Annotated[
        list[str] | None, typer.Option("--context", "-c", help="Only these contexts; repeatable.")
    ] = None,
    workflow: Annotated[
        str | None, typer.Option("--workflow", "-w", help="Only this workflow instance's.")
    ] = None,
    begin: Annotated[
        str,
        typer.Option(
            "--from", help="beginning, now, a position TOPIC:P:N, or a time 2026-01-31T12:00:00Z."
        ),
    ] = "now",
    until_end: Annotated[
        bool,
        typer.Option("--until-end", help="Stop at the present end instead of waiting for more."),
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", help="Stop after so many; 0 means no limit.")
    ] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document a line.")
    ] = False,
) -> None:
    """Show events as they are committed. Ends with 1 if a tenant's order has a hole."""
    consumer = EventConsumer(
        contexts=context or None, tenant_id=tenant, workflow_instance_id=workflow
    )
    with consumer:
        _begin(consumer, begin)
        for shown, event in enumerate(_read(consumer, until_end=until_end), start=1):
            print_line(_line(event, as_json=as_json))
            if shown == limit:
                break
        for gap in consumer.gaps:
            typer.echo(f"{gap.position}: {gap.tenant_id}: {gap.expected} is missing", err=True)
    if consumer.gaps:
        raise typer.Exit(1)


def _read(consumer: EventConsumer, *, until_end: bool) -> Iterator[Event]:
    return consumer.until_end() if until_end else iter(consumer)


def _begin(consumer: EventConsumer, begin: str) -> None:
    if begin == "beginning":
        consumer.from_beginning()
    elif begin == "now":
        consumer.from_now()
    elif begin.startswith("cp."):
        consumer.from_position(begin)
    else:
        consumer.from_time(_time(begin))


def _time(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise OperatorError(
            f"{text!r} is no place to begin: write beginning, now, TOPIC:P:N or an ISO 8601 time."
        ) from None
    return micros(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _line(event: Event, *, as_json: bool) -> str:
    if as_json:
        return event_json(event)
    envelope = event.envelope
    at = instant(envelope.occurred_at).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    number = "-" if envelope.sequence is None else envelope.sequence
    return f"{at}  {envelope.tenant_id}  {number:>6}  {envelope.event_type}  {envelope.aggregate_id or ''}"


def event_json(event: Event) -> str:
    """Give one event as a JSON line: envelope fields, position and payload, wire names."""
    envelope = event.envelope
    document: dict[str, Any] = {
        "position": event.position,
        "eventId": envelope.event_id,
        "eventType": envelope.event_type,
        "tenantId": envelope.tenant_id,
        "sequence": envelope.sequence,
        "occurredAt": instant(envelope.occurred_at).isoformat(),
        "actorType": envelope.actor_type,
        "actorId": envelope.actor_id,
        "aggregateType": envelope.aggregate_type,
        "aggregateId": envelope.aggregate_id,
        "aggregateVersion": envelope.aggregate_version,
        "projectId": envelope.project_id,
        "workflowInstanceId": envelope.workflow_instance_id,
        "taskId": envelope.task_id,
        "traceId": envelope.trace_id,
        "correlationId": envelope.correlation_id,
        "causationId": envelope.causation_id,
        "hash": envelope.hash.hex() if envelope.hash else None,
        "payload": document_of(event.payload),
    }
    return json.dumps(document, ensure_ascii=False)
