"""Applying facts that were recorded before: the catalogue's copies, and a rebuild from the facts."""

from functools import cache

from msgspec import Struct

from schemas.catalogue import catalogue
from schemas.messages.envelope import Envelope
from streams.decode import meta_of
from streams.wiring import Rules, TenantTables


def apply_recorded(rules: Rules, tables: TenantTables, envelope: Envelope, fact: Struct) -> None:
    """Evolve the tables by a recorded fact, and set its aggregate's version, as its decision once did."""
    rules.apply(tables, fact, meta_of(envelope))
    kind = _state_kind(envelope.aggregate_type)
    if kind is not None and envelope.aggregate_id is not None:
        tables.set_version(kind, envelope.aggregate_id, envelope.aggregate_version or 0)


@cache
def _state_kind(aggregate_type: str | None) -> type[Struct] | None:
    """Give the state class named like the aggregate; without one each fact is an aggregate of its own."""
    entry = catalogue().by_name.get(aggregate_type or "")
    return entry.type if entry is not None and entry.kind == "state" else None
