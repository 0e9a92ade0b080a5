"""What every decider is written against: the tenant's tables, the decision in the making, the refusal.

A decider is ``decide(command, decision) -> Rejection | None``. It reads ``decision.tables`` (its own
tenant) and ``decision.system`` (the shared catalogue), and appends facts with ``decision.record``; each
fact evolves the tables at once, so what is decided next sees it. It reads no clock, draws nothing at random
and performs no I/O: ``decision.at`` is the broker's append time of the cause, ids come from
``decision.derive``, so re-running a cause on the same tables gives the same outcome (architecture.md D4).
"""

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, Protocol, TypeVar

from msgspec import Struct

from schemas.ids import (
    ApprovalId,
    DecisionId,
    EventId,
    PrincipalId,
    ProjectId,
    TaskId,
    TenantId,
    WorkflowInstanceId,
)

State = TypeVar("State", bound=Struct)
ActorType = Literal["user", "service", "agent", "system"]

ENGINE_ACTOR: PrincipalId = PrincipalId("factory")
"""actorId of what the engine does itself; actorType is ``system`` (settled.md 15)."""


class Rejection(NamedTuple):
    """A refusal: a value, final for the command's id. ``code`` is one of schemas.rejections.CODES."""

    code: str
    rule: str
    field: str = ""
    expected: str = ""
    got: str = ""
    retryable: bool = False


class Scope(NamedTuple):
    """What a message belongs to; facts inherit it unless their payload names another."""

    trace_id: str
    correlation_id: str
    project_id: ProjectId | None = None
    workflow_instance_id: WorkflowInstanceId | None = None
    task_id: TaskId | None = None
    approval_id: ApprovalId | None = None


class Cause(NamedTuple):
    """The input record that is decided: who asked, when the broker appended it, where it lies.

    ``at`` is microseconds UTC and never below the tenant's last decision (settled.md 7). ``digest`` is SHA-256
    over type, tenant and payload: what an approval of this very command is bound to (settled.md 16).
    """

    message_id: str
    message_type: str
    topic: str
    partition: int
    offset: int
    tenant_id: TenantId
    actor_type: ActorType
    actor_id: PrincipalId
    at: int
    digest: bytes
    scope: Scope
    approval_id: ApprovalId | None = None
    retry_of: str | None = None


class Meta(NamedTuple):
    """What an evolver may know of a fact besides its payload: the envelope's facts, the same on replay."""

    event_id: EventId
    event_type: str
    at: int
    aggregate_id: str
    aggregate_version: int
    actor_type: ActorType
    actor_id: PrincipalId
    causation_id: str
    scope: Scope
    sequence: int


class ReadTables(Protocol):
    """One tenant's state, as seen by a decision. A record's kind is its class; ids are unique in their kind.

    An id may have two parts, ``parent/child``: ``children`` lists one parent's records without a scan of the rest.
    """

    def get(self, kind: type[State], record_id: str) -> State | None:
        """Give the record, or None."""
        ...

    def children(self, kind: type[State], parent: str) -> Iterator[tuple[str, State]]:
        """Give (id, record) of every record with id ``parent/…``, in the order of their ids' first putting."""
        ...

    def first(self, kind: type[State], parent: str) -> tuple[str, State] | None:
        """Give the earliest put record with id ``parent/…``; O(1) where nothing was deleted before it."""
        ...

    def scan(self, kind: type[State]) -> Iterator[tuple[str, State]]:
        """Give (id, record) of every record of the kind; O(records of the kind)."""
        ...

    def version(self, kind: type[Struct], record_id: str) -> int:
        """Give the aggregate version of the record, 0 where there is none."""
        ...


class Tables(ReadTables, Protocol):
    """State that an evolver may change; only evolvers do."""

    def put(self, record_id: str, record: Struct) -> None:
        """Set the record of kind ``type(record)``."""
        ...

    def delete(self, kind: type[Struct], record_id: str) -> None:
        """Remove the record; its changelog entry becomes a tombstone."""
        ...


class LeaseKeys(Protocol):
    """Signs lease tokens under a server secret that the shell hands in (settled.md 19)."""

    def token(self, tenant_id: TenantId, task_id: TaskId, attempt: int) -> str:
        """Give the token of one attempt: the same on a re-run, unguessable without the secret."""
        ...

    def token_hash(self, token: str) -> bytes:
        """Give the SHA-256 of a token: all that facts and state hold of it."""
        ...

    def is_token(self, token: str, tenant_id: TenantId, task_id: TaskId, attempt: int) -> bool:
        """Tell whether it is the token of the attempt, under the newest key or an older one that is held."""
        ...


Evolver = Callable[[Tables, Struct, Meta], None]
"""``evolve(tables, fact, meta)``: applies one released fact type; total, reads only its arguments."""


class GateResult(NamedTuple):
    """What a policy gate answered; the decision is already recorded as a fact."""

    effect: Literal["Allow", "Deny", "RequiresApproval"]
    decision_id: DecisionId
    rules: tuple[str, ...]
    obligations: tuple[str, ...] = ()


class Timer(NamedTuple):
    """A deadline that a state record waits for: the in-memory index of timers is derived from the records.

    ``at`` is microseconds UTC. When it has passed, the engine puts FireTimer(kind, record_id, deadline) on
    cp.timers.v1; the kind's timer handler decides it and is silent if the record has moved on (settled.md 21).
    """

    at: int
    kind: type[Struct]
    record_id: str
