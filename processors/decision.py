"""A decision in the making: facts recorded so far, messages to send, and the tables as these facts left them."""

from collections.abc import Callable
from typing import Final, NamedTuple

from msgspec import Struct

from processors.contract import (
    ENGINE_ACTOR,
    ActorType,
    Cause,
    LeaseKeys,
    Meta,
    ReadTables,
    Scope,
    Tables,
)
from processors.derived import derived_uuid
from processors.tables import Overlay, TenantTables
from schemas.catalogue import Entry as SchemaEntry
from schemas.catalogue import catalogue
from schemas.ids import SYSTEM, EventId, PrincipalId
from schemas.naming import snake

_SCOPED: Final = ("project_id", "workflow_instance_id", "task_id", "approval_id")


class Recorded(NamedTuple):
    """A fact of this decision with what its envelope says."""

    fact: Struct
    meta: Meta
    schema: SchemaEntry


class Outbound(NamedTuple):
    """A message of this decision that is sent out and is no fact: an assignment, a withdrawal."""

    message: Struct
    key: str
    scope: Scope


Apply = Callable[[Tables, Struct, Meta], None]
"""Evolves tables by one fact; the registry hands it in, so that contexts need not import one another's evolvers."""


class Decision:
    """Reads the tenant's state and appends facts; each fact evolves the state at once.

    ``first_sequence`` is the sequence that the first fact will get. ``scope`` is what facts belong to unless their
    payload says otherwise; the workflow context sets it to the instance's, so that a timer's facts carry its trace.
    """

    def __init__(
        self,
        cause: Cause,
        overlay: Overlay,
        keys: LeaseKeys,
        apply: Apply,
        *,
        first_sequence: int,
        genesis: PrincipalId | None = None,
    ) -> None:
        self.cause = cause
        self.at = cause.at
        self.tenant_id = cause.tenant_id
        self.scope = cause.scope
        self.keys = keys
        self.genesis = genesis
        self.tables: ReadTables = TenantTables(overlay, cause.tenant_id)
        self.system: ReadTables = TenantTables(overlay, SYSTEM)
        self.recorded: list[Recorded] = []
        self.sent: list[Outbound] = []
        self._overlay = overlay
        self._apply = apply
        self._first_sequence = first_sequence
        self._derived = 0

    def derive(self, kind: str) -> str:
        """Give the next derived id of this decision: uuid5(namespace, tenant | kind | cause id | ordinal)."""
        self._derived += 1
        return self._uuid(kind, self._derived)

    def _uuid(self, kind: str, ordinal: int) -> str:
        return derived_uuid(f"{self.tenant_id}|{kind}|{self.cause.message_id}|{ordinal}")

    def record(self, fact: Struct, *, by_engine: bool = False) -> EventId:
        """Append a fact and evolve the tables by it; give its id.

        ``by_engine``: the actor is the engine itself (assign, retry, timer), not the sender of the cause.
        The fact's schema names its aggregate and the payload field that holds the aggregate's id.
        """
        schema = catalogue().by_type[type(fact)]
        if schema.aggregate is None:
            raise AssertionError(f"{schema.name} names no aggregate in its schema")
        aggregate_type, id_field = schema.aggregate
        aggregate_id = str(getattr(fact, snake(id_field)))
        kind = _state_kind(aggregate_type)
        tables = TenantTables(self._overlay, self.tenant_id)
        version = (tables.version(kind, aggregate_id) if kind else 0) + 1
        actor: tuple[ActorType, PrincipalId] = (
            ("system", ENGINE_ACTOR) if by_engine else (self.cause.actor_type, self.cause.actor_id)
        )
        ordinal = len(self.recorded)
        meta = Meta(
            event_id=EventId(f"evt-{self._uuid('fact', ordinal)}"),
            event_type=schema.name,
            at=self.at,
            aggregate_id=aggregate_id,
            aggregate_version=version,
            actor_type=actor[0],
            actor_id=actor[1],
            causation_id=self.cause.message_id,
            scope=self._scope_of(fact),
            sequence=self._first_sequence + ordinal,
        )
        self._apply(tables, fact, meta)
        if kind:
            tables.set_version(kind, aggregate_id, version)
        self.recorded.append(Recorded(fact, meta, schema))
        return meta.event_id

    def _scope_of(self, fact: Struct) -> Scope:
        named = {
            name: value for name in _SCOPED if (value := getattr(fact, name, None)) is not None
        }
        return self.scope._replace(**named) if named else self.scope

    def next_message(self) -> str:
        """Give the id that the next message to be sent will have, without its prefix."""
        return self._uuid("message", len(self.sent))

    def send(self, message: Struct, key: str) -> None:
        """Send a message out in the same transaction; ``key`` is the record key (an assignment's is its taskId)."""
        self.sent.append(Outbound(message, key, self._scope_of(message)))

    def mark(self) -> tuple[int, int, int]:
        """Give a point that rewind can return to."""
        return self._overlay.mark(), len(self.recorded), len(self.sent)

    def rewind(self, mark: tuple[int, int, int]) -> None:
        """Take back every fact and message since the mark, and their effect on the tables."""
        overlay_mark, recorded, sent = mark
        self._overlay.rewind(overlay_mark)
        del self.recorded[recorded:]
        del self.sent[sent:]


_KINDS: dict[str, type[Struct] | None] = {}


def _state_kind(aggregate_type: str) -> type[Struct] | None:
    """Give the state class named like the aggregate, or None: then each fact is an aggregate of its own, version 1."""
    if aggregate_type not in _KINDS:
        entry = catalogue().by_name.get(aggregate_type)
        _KINDS[aggregate_type] = entry.type if entry is not None and entry.kind == "state" else None
    return _KINDS[aggregate_type]
