"""`factory workflow start|pause|…` and `factory definitions publish`: the commands people give by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import yaml

from schemas.edge_model import EdgeModel
from schemas.output import OperatorError
from topics.command import uuid7
from topics.command_cli import (
    ActorOption,
    Json,
    Seconds,
    Tenant,
    actor_of,
    model_from,
    show_outcome,
)
from topics.producer import CommandProducer

Instance = Annotated[str, typer.Argument(help="The workflow instance, wf-<uuid>.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the record.")]
definitions = typer.Typer(help="Workflow definitions.", no_args_is_help=True)


def _ask(
    model: EdgeModel, tenant: str, actor: str, seconds: float, *, as_json: bool, **envelope: Any
) -> None:
    with CommandProducer(actor_of(actor)) as producer:
        outcome = producer.ask(model, tenant, seconds=seconds, **envelope)
    show_outcome(outcome, as_json=as_json)


def _steer(name: str, instance: str, reason: str, step: str | None = None) -> EdgeModel:
    document = {"workflowInstanceId": instance, "reason": reason}
    return model_from(name, document if step is None else {**document, "stepPath": step})


def start(
    definition: Annotated[str, typer.Argument(help="NAME or NAME@VERSION; newest if left out.")],
    tenant: Tenant,
    actor: ActorOption,
    owner: Annotated[
        str | None, typer.Option("--owner", help="system or the tenant; the tenant if left out.")
    ] = None,
    input_: Annotated[
        str, typer.Option("--input", "-i", help="The workflow's input as JSON.")
    ] = "{}",
    project: Annotated[
        str | None, typer.Option("--project", help="The project, proj-<uuid>.")
    ] = None,
    priority: Annotated[int, typer.Option("--priority", min=1, max=5, help="1 goes first.")] = 3,
    instance: Annotated[str | None, typer.Option("--id", help="Choose the instance id.")] = None,
    approval_id: Annotated[
        str | None, typer.Option("--approval", help="A granted approval.")
    ] = None,
    seconds: Seconds = 30,
    as_json: Json = False,
) -> None:
    """Start a workflow instance; prints its first facts, or why it was refused."""
    name, _, version = definition.partition("@")
    document = {
        "workflowInstanceId": instance or f"wf-{uuid7()}",
        "definitionOwner": owner or tenant,
        "definitionName": name,
        "definitionVersion": version,
        "projectId": project,
        "input": input_,
        "priority": priority,
    }
    model = model_from("StartWorkflow", document)
    _ask(model, tenant, actor, seconds, as_json=as_json, approval_id=approval_id)


def _steering(command: str, help_: str) -> Callable[..., None]:
    """Give the function of a command that steers a whole instance."""

    def steer(
        instance: Instance,
        tenant: Tenant,
        reason: Reason,
        actor: ActorOption,
        seconds: Seconds = 30,
        as_json: Json = False,
    ) -> None:
        _ask(_steer(command, instance, reason), tenant, actor, seconds, as_json=as_json)

    steer.__doc__ = help_
    return steer


def _answering(command: str, help_: str) -> Callable[..., None]:
    """Give the function of a command that answers an escalated step."""

    def answer(
        instance: Instance,
        step: Annotated[str, typer.Argument(help="Path of the escalated step.")],
        tenant: Tenant,
        reason: Reason,
        actor: ActorOption,
        seconds: Seconds = 30,
        as_json: Json = False,
    ) -> None:
        _ask(_steer(command, instance, reason, step), tenant, actor, seconds, as_json=as_json)

    answer.__doc__ = help_
    return answer


COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "start": start,
    "pause": _steering(
        "PauseWorkflow", "Pause an instance at its next step boundary; results are still taken in."
    ),
    "resume": _steering("ResumeWorkflow", "Let a paused instance go on."),
    "cancel": _steering(
        "CancelWorkflow", "Cancel an instance: tasks are withdrawn, quotas given back."
    ),
    "retry": _answering("RetryWorkflowStep", "Answer an escalation: try the step again."),
    "skip": _answering(
        "SkipWorkflowStep", "Answer an escalation: go on without the step. Passes a policy gate."
    ),
}
"""Name on the command line -> its function."""


def register(workflow: typer.Typer) -> None:
    """Add these commands to `factory workflow`, beside the query side's show and list."""
    for name, function in COMMANDS.items():
        workflow.command(name)(function)


@definitions.command("publish")
def publish(
    file: Annotated[Path, typer.Argument(help="The definition, YAML.")],
    tenant: Tenant,
    actor: ActorOption = "user:platform-admin",
    seconds: Seconds = 30,
    as_json: Json = False,
) -> None:
    """Publish a definition; a version that is published never changes. Faults are named by line."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {error.strerror}.") from error
    model = model_from("PublishWorkflowDefinition", _published(file, text))
    _ask(model, tenant, actor, seconds, as_json=as_json)


def _published(file: Path, text: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(text)["document"]
        return {"name": document["name"], "version": document["version"], "definition": text}
    except (yaml.YAMLError, KeyError, TypeError):
        raise OperatorError(
            f"{file} is no workflow definition: it must begin with document: {{dsl, namespace, name, version}}."
        ) from None
