"""Where the runtime meets the deciders: the only module of this package that imports ``processors``.

The rest of ``streams`` takes the decision types from here and the functions from ``Rules``, so that a test
or a simulator can run the very loop with rules of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Struct

from processors import pipeline, registry
from processors.contract import (
    ENGINE_ACTOR,
    Cause,
    LeaseKeys,
    Meta,
    ReadTables,
    Rejection,
    Scope,
    Tables,
)
from processors.decision import Decision, Outbound, Recorded
from processors.derived import derived_uuid
from processors.tables import Entry, Key, Overlay, Store, TenantTables
from schemas.ids import SYSTEM, TenantId
from schemas.messages.tenancy.state import Tenant

__all__ = [
    "ENGINE_ACTOR",
    "Cause",
    "Decision",
    "Entry",
    "Key",
    "LeaseKeys",
    "Meta",
    "Outbound",
    "Overlay",
    "ReadTables",
    "Recorded",
    "Rejection",
    "Rules",
    "Scope",
    "Store",
    "Tables",
    "TenantTables",
    "derived_uuid",
    "standard_rules",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The pure functions that a worker runs."""

    decide: Callable[[Decision, Struct], Rejection | None]
    """Decides a command: facts and messages are left in the decision, a refusal is returned."""
    fire: Callable[[Decision, str, str, int], None]
    """Decides a deadline (state kind, record id, deadline); silent if the record has moved on."""
    apply: Callable[[Tables, Struct, Meta], None]
    """Evolves a tenant's tables by one fact."""
    deadline_of: Callable[[Struct], int | None]
    """Gives the deadline that a state record waits for, microseconds UTC."""
    waiting_kinds: frozenset[str] | None = None
    """State kinds of which a record may wait for a deadline; None where any may."""
    admits_tenant: Callable[[ReadTables, TenantId, type[Struct]], bool]
    """Tells whether the tenant exists or the command may name a new one (settled.md 11)."""


def standard_rules() -> Rules:
    """Give the rules of the ten contexts."""
    return Rules(
        decide=_decide,
        fire=pipeline.fire,
        apply=registry.apply,
        deadline_of=pipeline.deadline_of,
        waiting_kinds=frozenset(registry.timers_by_name()),
        admits_tenant=_admits_tenant,
    )


def _decide(decision: Decision, command: Struct) -> Rejection | None:
    if type(command) not in registry.commands():
        return Rejection(
            "UNSUPPORTED",
            "this release decides no command of that type",
            field="eventType",
            got=type(command).__name__,
        )
    return pipeline.decide(decision, command)


def _admits_tenant(tables: ReadTables, tenant_id: TenantId, command: type[Struct]) -> bool:
    if tenant_id == SYSTEM or tables.get(Tenant, tenant_id) is not None:
        return True
    rule = registry.commands().get(command)
    return rule is not None and rule.creates_tenant
