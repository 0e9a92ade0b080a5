"""`factory command`: send a typed command and see what became of it."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import yaml
from pydantic import ValidationError

from schemas.catalogue import catalogue
from schemas.edge_model import EdgeModel, document_of, model_of
from schemas.messages.runtime.facts import CommandRejected
from schemas.output import OperatorError, print_json, print_line, print_rows
from topics.command import Actor, ActorType
from topics.outcome import Outcome
from topics.producer import CommandProducer

app = typer.Typer(help="Commands: what can be asked, and asking it.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]
Tenant = Annotated[str, typer.Option("--tenant", "-t", help="The tenant that the command is for.")]
ActorOption = Annotated[
    str,
    typer.Option(
        "--actor",
        "-a",
        envvar="FACTORY_ACTOR",
        help="Who acts, as KIND:NAME: user:olga, service:ci.",
    ),
]
Seconds = Annotated[float, typer.Option("--seconds", help="Longest wait for the outcome.")]

_ACTOR_TYPES: Final[dict[str, ActorType]] = {
    "user": "user",
    "service": "service",
    "agent": "agent",
}


def actor_of(text: str) -> Actor:
    """Give the actor of a principal's id, whose kind is the part before its colon. Raises OperatorError."""
    kind = _ACTOR_TYPES.get(text.partition(":")[0])
    if kind is None:
        raise OperatorError(f"{text!r} is no actor: write user:NAME, service:NAME or agent:NAME.")
    return Actor(kind, text)


def model_from(name: str, document: Any) -> EdgeModel:
    """Give the command of that name with these fields (wire names). Raises OperatorError naming field and rule."""
    try:
        kind = model_of(name)
    except KeyError:
        raise OperatorError(f"There is no command {name}: see `factory command list`.") from None
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "(the document)"
        raise OperatorError(f"{name}: {field}: {first['msg']}.") from error


def show_outcome(outcome: Outcome, *, as_json: bool) -> None:
    """Print what became of a command; a refusal or dead letter ends the program with 1."""
    if as_json:
        print_json(_outcome_document(outcome))
    else:
        _show_to_a_person(outcome)
    if not outcome.accepted:
        raise typer.Exit(1)


def _outcome_document(outcome: Outcome) -> dict[str, Any]:
    rejection = outcome.rejection
    return {
        "commandId": outcome.command_id,
        "accepted": outcome.accepted,
        "sequence": outcome.sequence,
        "repeated": outcome.repeated is not None,
        "facts": [
            {
                "eventId": envelope.event_id,
                "eventType": envelope.event_type,
                "sequence": envelope.sequence,
                "aggregateId": envelope.aggregate_id,
                "payload": document_of(payload),
            }
            for envelope, payload in outcome.facts
        ],
        "rejection": rejection
        and {
            "code": rejection.code,
            "field": rejection.field,
            "rule": rejection.rule,
            "expected": rejection.expected,
            "got": rejection.got,
            "retryable": rejection.retryable,
        },
        "deadLetter": outcome.dead_letter and outcome.dead_letter.code,
    }


def _show_to_a_person(outcome: Outcome) -> None:
    rows = [
        {"sequence": e.sequence, "fact": e.event_type, "aggregate": e.aggregate_id}
        for e, _payload in outcome.facts
    ]
    print_rows(rows, as_json=False)
    if outcome.repeated is not None:
        print_line(
            f"{outcome.command_id} was decided before (sequence {outcome.repeated.first_sequence})."
        )
    if outcome.rejection is not None:
        refused = outcome.rejection
        where = f" {refused.field}:" if refused.field else ""
        print_line(f"Refused, {refused.code}:{where} {refused.rule}")
        _show_details(refused)
    if outcome.dead_letter is not None:
        print_line(f"Dead letter, {outcome.dead_letter.code}: {outcome.dead_letter.rule}")


def _show_details(refused: CommandRejected) -> None:
    findings = _findings(refused)
    if findings:
        print_rows(findings, as_json=False)
        return
    for label, text in (("expected", refused.expected), ("got", refused.got)):
        if text:
            print_line(f"  {label}: {text}")


def _findings(refused: CommandRejected) -> list[dict[str, object]]:
    """Give the findings that a refused definition carries as a JSON list; none for another refusal."""
    if refused.field != "definition" or not refused.got.startswith("[{"):
        return []
    found: list[dict[str, object]] = json.loads(refused.got)
    return found


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Show every command with its context."""
    print_rows(
        [
            {"command": name, "context": entry.context}
            for name, entry in sorted(catalogue().of_kind("command").items())
        ],
        as_json=as_json,
    )


@app.command("fields")
def fields(name: Annotated[str, typer.Argument(help="Name of the command.")]) -> None:
    """Show the fields of a command as JSON Schema."""
    try:
        print_json(model_of(name).model_json_schema(by_alias=True))
    except KeyError:
        raise OperatorError(f"There is no command {name}: see `factory command list`.") from None


@app.command("send")
def send(
    name: Annotated[str, typer.Argument(help="Name of the command, such as StartWorkflow.")],
    tenant: Tenant,
    actor: ActorOption = "user:platform-admin",
    data: Annotated[str, typer.Option("--data", "-d", help="Fields as JSON, wire names.")] = "",
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="Fields as a JSON or YAML file; - reads stdin."),
    ] = None,
    command_id: Annotated[
        str | None, typer.Option("--id", help="Send under this id (cmd-<uuid7>): safe to repeat.")
    ] = None,
    approval_id: Annotated[
        str | None, typer.Option("--approval", help="The granted approval.")
    ] = None,
    retry_of: Annotated[
        str | None, typer.Option("--retry-of", help="The refused command's id.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the outcome.")] = True,
    seconds: Seconds = 30,
    as_json: Json = False,
) -> None:
    """Send a command; show its facts or its refusal. Ends with 1 if it was refused."""
    model = model_from(name, _document(data, file))
    extra: dict[str, Any] = {
        "command_id": command_id,
        "approval_id": approval_id,
        "retry_of": retry_of,
    }
    with CommandProducer(actor_of(actor)) as producer:
        if wait:
            outcome = producer.ask(model, tenant, seconds=seconds, **extra)
            show_outcome(outcome, as_json=as_json)
            return
        sent = producer.send(model, tenant, **extra)
    print_json({"commandId": sent}) if as_json else print(sent)


def _document(data: str, file: Path | None) -> Any:
    if data and file is not None:
        raise OperatorError("Give the fields by --data or by --file, not both.")
    try:
        if file is None:
            return json.loads(data or "{}")
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        return yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise OperatorError(f"The fields cannot be read: {error}.") from error
