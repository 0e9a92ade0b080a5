"""What answers on quotas, cost, artifacts, lineage, projects and the catalogue look like."""

from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field

from query.answers import Answer, Instant, Money


class Quota(Answer):
    """A limit and what counts against it; cost.amount is in 10^-6 of the currency."""

    ledger_id: str
    dimension: str
    window: str
    window_start: Instant
    limit: int
    is_hard: bool
    warn_at_percent: int
    source: str
    used: int
    reserved: int
    since: Instant


class UsageLine(Answer):
    """One dimension of one model call, priced."""

    sequence: int
    line: int
    occurred_at: Instant
    usage_id: str
    task_id: str | None
    workflow_instance_id: str | None
    project_id: str | None
    agent_id: str
    skill: str
    provider: str
    model: str
    invocation_id: str
    dimension: str
    quantity: int
    unit_quantity: int
    unit_price: Money
    cost: Money
    currency: str
    price_list: str
    price_basis: str


class CostOfDay(Answer):
    """Tokens and cost of one day and group."""

    day: date
    group_id: str
    currency: str
    input_tokens: Annotated[int, BeforeValidator(lambda value: value or 0)]
    output_tokens: Annotated[int, BeforeValidator(lambda value: value or 0)]
    calls: int
    cost: Money


class Artifact(Answer):
    """A version of an artifact."""

    artifact_id: str
    name: str
    artifact_type: str
    version: str
    content_hash: str
    storage_ref: str
    classification: str
    produced_by_agent_id: str
    produced_by_skill: str
    task_id: str | None
    workflow_instance_id: str | None
    project_id: str | None
    trace_id: str
    created_at: Instant
    sequence: int


class Edge(Answer):
    """An edge of the lineage graph, with its distance from where the walk began."""

    from_type: str
    from_id: str
    to_type: str
    to_id: str
    edge_type: str
    depth: int


class Lineage(Answer):
    """A walk through the lineage."""

    artifact_id: str
    direction: str
    edges: list[Edge]
    is_cut: bool = Field(description="True: the walk met its bound of edges; ask for less depth.")


class Project(Answer):
    """A project."""

    project_id: str
    status: str
    name: str | None
    intent: str | None
    origin: str | None
    owner_principal_id: str | None
    trace_id: str
    created_at: Instant
    changed_at: Instant


class Asset(Answer):
    """A published version of a catalogue asset, the tenant's own or shared by system."""

    owner: str
    asset_type: str
    name: str
    version: str
    description: str
    event_id: str
    published_at: Instant
