"""`factory replay`: a tenant's state from its facts alone, its digest, and whether the live one is equal."""

from collections import Counter
from typing import Annotated, Any

import typer

from schemas.edge_model import document_of, instant
from schemas.output import OperatorError, print_json, print_rows
from streams.settings import from_environment
from streams.tenant_replay import ENDLESS, Live, Position, Replayed, TenantReplay
from topics.consumer import parse_position


def replay(
    tenant: Annotated[str, typer.Option("--tenant", "-t", help="The tenant to replay.")],
    workflow: Annotated[
        str | None, typer.Option("--workflow", "-w", help="Show only this instance's records.")
    ] = None,
    begin: Annotated[
        str | None,
        typer.Option("--from", help="Show the facts from here: TOPIC:P:N or a sequence."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", help="Stop there: TOPIC:P:N or a sequence; state as it was then."),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare/--no-compare", help="Compare with the live state.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")] = False,
) -> None:
    """Rebuild a tenant's state from its facts; produces nothing. Ends with 1 where the live digest differs."""
    reader = TenantReplay(from_environment(), tenant)
    live = reader.live() if compare and until is None else None
    replayed = reader.run(live.sequence if live else ENDLESS)
    if until is not None:
        replayed = reader.run(_sequence(replayed, until))
    first = _sequence(replayed, begin) if begin is not None else None
    document = _document(replayed, live, workflow, first)
    if as_json:
        print_json(document)
    else:
        _show(document)
    if live is not None and live.digest != replayed.digest:
        raise typer.Exit(1)


def _sequence(replayed: Replayed, text: str) -> int:
    """Give the sequence that a position or a number names. Raises OperatorError."""
    if text.isdigit():
        return int(text)
    place = parse_position(text)
    for position in replayed.history:
        if (position.topic, position.partition, position.offset) == place:
            return position.envelope.sequence or 0
    raise OperatorError(f"{text} is no fact of {replayed.tenant_id}.")


def _document(
    replayed: Replayed, live: Live | None, workflow: str | None, first: int | None
) -> dict[str, Any]:
    records = [
        {
            "kind": key.kind,
            "id": key.record_id,
            "aggregateVersion": entry.version,
            "value": document_of(entry.value),
        }
        for key, entry in sorted(replayed.entries.items())
        if workflow is None or _belongs(document_of(entry.value), key.record_id, workflow)
    ]
    facts = [_fact(p) for p in replayed.history if _is_shown(p, workflow, first)]
    return {
        "tenantId": replayed.tenant_id,
        "sequence": replayed.sequence,
        "digest": replayed.digest.hex(),
        "liveSequence": live.sequence if live else None,
        "liveDigest": live.digest.hex() if live else None,
        "equal": live.digest == replayed.digest if live else None,
        "facts": facts,
        "state": records,
    }


def _belongs(value: dict[str, Any], record_id: str, workflow: str) -> bool:
    return (
        record_id.split("/", maxsplit=1)[0] == workflow
        or value.get("workflowInstanceId") == workflow
    )


def _is_shown(position: Position, workflow: str | None, first: int | None) -> bool:
    envelope = position.envelope
    if workflow is not None and envelope.workflow_instance_id != workflow:
        return False
    return first is not None and (envelope.sequence or 0) >= first


def _fact(position: Position) -> dict[str, Any]:
    envelope = position.envelope
    return {
        "sequence": envelope.sequence,
        "at": instant(envelope.occurred_at).isoformat(timespec="milliseconds"),
        "eventType": envelope.event_type,
        "aggregateId": envelope.aggregate_id,
        "actorId": envelope.actor_id,
        "position": f"{position.topic}:{position.partition}:{position.offset}",
    }


def _show(document: dict[str, Any]) -> None:
    if document["facts"]:
        print_rows(document["facts"], as_json=False)
    kinds = Counter(record["kind"] for record in document["state"])
    print_rows([{"state": kind, "records": n} for kind, n in sorted(kinds.items())], as_json=False)
    print(
        f"Replayed {document['tenantId']} to sequence {document['sequence']} from its facts alone."
    )
    print(f"Digest {document['digest']}")
    if document["equal"] is not None:
        verdict = "equals" if document["equal"] else "DIFFERS from"
        print(f"It {verdict} the live one at sequence {document['liveSequence']}.")


def register(app: typer.Typer) -> None:
    """Add `replay` to the command line."""
    app.command("replay")(replay)
