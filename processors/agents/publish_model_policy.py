"""PublishModelPolicy — publish one immutable version of a model policy.

State     (tenant, policy name); reads policy and the actor's roles
Produces  ModelPolicyPublished
Refuses   ALREADY_EXISTS (version), LIMIT_EXCEEDED (versions), INVALID_ARGUMENT (no model, a model
          twice, a call that may use more than its task), POLICY_DENIED, APPROVAL_REQUIRED
Source    domain.md §6
"""

from msgspec import convert

from processors.agents.names import empty
from processors.agents.state import ModelPolicySeries
from processors.contract import Rejection
from processors.decision import Decision
from processors.publication import gate, unpublishable
from schemas.messages.agents.commands import PublishModelPolicy
from schemas.messages.agents.facts import ModelPolicyPublished


def decide(command: PublishModelPolicy, decision: Decision) -> Rejection | None:
    """Publish the version if it is new, its limits agree, and policy lets the actor."""
    series = decision.tables.get(ModelPolicySeries, command.name)
    refused = (
        unpublishable(command.name, series.versions if series else (), command.version)
        or empty(command.models, "models")
        or _repeated(command)
        or _contradiction(command)
        or gate(decision, "model-policy:publish", command.name, command.version)
    )
    if refused is None:
        decision.record(convert(command, ModelPolicyPublished, from_attributes=True))
    return refused


def _repeated(command: PublishModelPolicy) -> Rejection | None:
    """Refuse a model that stands twice: the order of fail-over would be ambiguous."""
    seen: set[tuple[str, str]] = set()
    for index, model in enumerate(command.models):
        key = (model.provider, model.model)
        if key in seen:
            return Rejection(
                "INVALID_ARGUMENT",
                "each model stands once in the order of fail-over",
                f"models/{index}",
                got=" ".join(key),
            )
        seen.add(key)
    return None


def _contradiction(command: PublishModelPolicy) -> Rejection | None:
    """Refuse a call limit above the task limit: it could never be used."""
    limits = (
        ("callInputTokensMax", command.call_input_tokens_max, command.task_input_tokens_max),
        ("callOutputTokensMax", command.call_output_tokens_max, command.task_output_tokens_max),
    )
    for field, of_call, of_task in limits:
        if of_call > of_task:
            return Rejection(
                "INVALID_ARGUMENT",
                "a call may not use more than its task",
                field,
                f"at most {of_task}",
                str(of_call),
            )
    return None
