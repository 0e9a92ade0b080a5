"""What answers for operators look like: tenants, dead letters, lag, and what the check of a stranger compares."""

from pydantic import Field

from query.answers import Answer, Instant


class Tenant(Answer):
    """A tenant as operators see it."""

    tenant_id: str
    status: str | None
    display_name: str | None
    region: str | None
    edition_name: str | None
    edition_version: str | None
    sequence: int
    partition: int
    changed_at: Instant


class DeadLetter(Answer):
    """A record that no decision could be made on, or that the projector could not read."""

    source: str
    stage: str
    code: str
    rule: str
    field: str
    appended_at: Instant
    attempts: int
    record_key: str | None
    record_value: str | None
    headers: str
    position: str | None


class TenantEvent(Answer):
    """What the audit view holds of a tenant at one sequence."""

    sequence: int
    event_id: str
    position: str


class TenantUsage(Answer):
    """The rollup of a tenant's usage by everything that it is asked by."""

    day: str
    project_id: str
    workflow_instance_id: str
    agent_id: str
    skill: str
    model: str
    dimension: str
    quantity: int
    cost_micros: int
    sequence: int


class PartitionLag(Answer):
    """How far the views are behind one partition."""

    topic: str
    partition: int
    next_offset: int
    end_offset: int
    lag: int


class Lag(Answer):
    """How far the views are behind the log."""

    records_behind: int
    held_records: int = Field(description="Records that wait for an earlier one of their tenant.")
    missing: dict[str, int] = Field(
        description="Tenant and the sequence that its records wait for."
    )
    newest_fact_at: Instant | None
    problem: str | None = Field(description="Why nothing moves; null while all is well.")
    partitions: list[PartitionLag]
