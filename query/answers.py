"""What answers look like: allow-lists of fields, camelCase, instants in RFC 3339 UTC, money as decimal text."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

_MICROS = 1_000_000
Data = TypeVar("Data")


def _instant(value: object) -> object:
    """Give an aware datetime of int micros or of the database's naive UTC datetime.

    An instant outside the years 1 to 9999 is shown as the last one that can be: a sender may ask for any.
    """
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    if isinstance(value, int):
        seconds, micros = divmod(value, _MICROS)
        try:
            return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
        except (ValueError, OverflowError, OSError):
            return datetime.max.replace(tzinfo=UTC)
    return value


def _money(value: object) -> object:
    """Give decimal text of 10^-6 units: 1234567 becomes '1.234567'."""
    return f"{Decimal(value).scaleb(-6):f}" if isinstance(value, int) else value


def _hex(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


Instant = Annotated[datetime, BeforeValidator(_instant)]
Money = Annotated[
    str, BeforeValidator(_money), Field(description="Decimal amount with six decimals.")
]
Hex = Annotated[str, BeforeValidator(_hex)]


class Answer(BaseModel):
    """Base of all: camelCase names, no field that is not listed."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True
    )


class AsOf(Answer):
    """The moment of the tenant's record that an answer shows: all facts up to it and none after it."""

    sequence: int = Field(description="Newest visible sequence of the tenant; 0 before its first.")
    partition: int | None = Field(None, description="Kafka partition of the tenant.")
    occurred_at: Instant | None = Field(None, description="When that record was decided.")
    chain_hash: Hex | None = Field(None, description="The tenant's audit chain up to that record.")


class One(Answer, Generic[Data]):
    """An answer that is one thing."""

    data: Data
    as_of: AsOf


class Page(Answer, Generic[Data]):
    """An answer that is a list, with the token of the page that follows."""

    data: list[Data]
    next_page_token: str | None = None
    as_of: AsOf


class Workflow(Answer):
    """A workflow instance and its present status (domain.md §5.2)."""

    workflow_instance_id: str
    status: str
    reason: str | None
    project_id: str | None
    definition_owner: str | None
    definition_name: str | None
    definition_version: str | None
    title: str | None
    started_by: str | None
    priority: int | None
    trace_id: str | None
    started_at: Instant
    changed_at: Instant
    ended_at: Instant | None
    sequence: int


class Step(Answer):
    """A step of an instance as the last fact about it left it."""

    step_path: str
    step_name: str | None
    status: str | None
    is_blocked: bool
    reason: str | None
    approval_id: str | None
    due_at: Instant | None
    due_for: str | None
    since: Instant
    sequence: int


class AuditEntry(Answer):
    """A fact or refusal: who did what to which thing, with what outcome, where it lies and how it is chained."""

    sequence: int
    event_id: str
    event_type: str
    action: str
    outcome: str
    code: str | None
    resource_type: str | None
    resource_id: str | None
    resource_version: int | None
    actor_type: str
    actor_id: str
    occurred_at: Instant
    project_id: str | None
    workflow_instance_id: str | None
    task_id: str | None
    approval_id: str | None
    decision_id: str | None
    trace_id: str
    correlation_id: str
    causation_id: str | None
    cause_position: str | None
    position: str
    hash: Hex | None
    document: str | None = Field(description="The payload as JSON text, wire names.")


class WorkflowDetail(Workflow):
    """An instance with its steps and its timeline."""

    steps: list[Step]
    timeline: list[AuditEntry]
    timeline_is_cut: bool = Field(description="True: later entries are at /audit?workflow=.")


class Task(Answer):
    """An agent task and the attempt that counts (domain.md §5.3)."""

    task_id: str
    workflow_instance_id: str | None
    project_id: str | None
    status: str | None
    attempt: int | None
    step_path: str | None
    step_name: str | None
    agent_role: str | None
    skill: str | None
    skill_version: str | None
    model_policy: str | None
    agent_id: str | None
    agent_version: str | None
    execution_id: str | None
    percent: int | None
    reason: str | None
    reservation_id: str | None
    decision_id: str | None
    lease_expires_at: Instant | None
    deadline_at: Instant | None
    retry_at: Instant | None
    assigned_at: Instant
    changed_at: Instant
    ended_at: Instant | None
    sequence: int


class PolicyDecision(Answer):
    """What policy said to an action before it took effect."""

    decision_id: str
    effect: str
    action: str
    resource: str
    principal_id: str | None
    roles: list[str]
    bundle_hash: str
    bundle_version: str
    determining_rules: list[str]
    obligations: list[str]
    errors: list[str]
    shadow_effect: str | None
    shadow_rules: list[str]
    context_digest: str
    context: str
    workflow_instance_id: str | None
    task_id: str | None
    trace_id: str
    decided_at: Instant
    sequence: int


class Approval(Answer):
    """An approval that was asked for and what became of it."""

    approval_id: str
    status: str
    action: str | None
    resource: str | None
    title: str | None
    approver_role: str | None
    quorum: int | None
    votes: int | None
    four_eyes: bool | None
    expires_at: Instant | None
    on_expiry: str | None
    requested_by: str | None
    answered_by: str | None
    note: str | None
    project_id: str | None
    workflow_instance_id: str | None
    trace_id: str | None
    requested_at: Instant
    changed_at: Instant
    sequence: int


class Due(Answer):
    """Something that moves an instance on by itself."""

    due_at: Instant
    due_for: str
    step_path: str | None


class Explanation(Answer):
    """Why an instance is in its present state."""

    workflow: Workflow
    because: list[str] = Field(description="Sentences, the most telling first.")
    waiting_steps: list[Step]
    open_tasks: list[Task]
    pending_approvals: list[Approval]
    latest_decisions: list[PolicyDecision]
    latest_facts: list[AuditEntry]
    next_due: list[Due]


class Count(Answer):
    """How many there are."""

    count: int


Row = dict[str, Any]
"""A row of a question, by column name."""
