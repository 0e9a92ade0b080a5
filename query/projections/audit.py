"""The audit view: one row per fact and per refusal, in the tenant's order, with its link of the hash chain."""

from typing import Final

import msgspec
from msgspec import Struct

from query.projections.model import Row, bare
from query.record import Sequenced
from schemas.messages.runtime.facts import CommandRejected

VERSION: Final = 1

TABLE: Final = "audit"

UNREADABLE: Final = "Unreadable"
"""Outcome of a record whose payload does not decode; its dead letter says why."""


def row(record: Sequenced) -> Row:
    """Give the audit row of a fact or refusal.

    ``action`` is what was done (the fact's type) or what was asked for (the refused command's type). ``outcome`` is
    Refused, the effect of a policy decision, or Recorded. ``document`` is the payload as JSON, wire names.
    """
    position, envelope, payload = record
    action, outcome, code = _what(envelope.event_type, payload)
    resource = (envelope.aggregate_type, envelope.aggregate_id)
    if isinstance(payload, CommandRejected):
        resource = ("Command", payload.command_id)
    return (
        envelope.tenant_id,
        envelope.sequence,
        envelope.context_sequence,
        envelope.occurred_at,
        bare(envelope.event_id),
        envelope.event_type,
        envelope.kind,
        action,
        outcome,
        code,
        *resource,
        envelope.aggregate_version,
        envelope.actor_type,
        envelope.actor_id,
        envelope.project_id,
        bare(envelope.workflow_instance_id),
        bare(envelope.task_id),
        envelope.approval_id,
        getattr(payload, "decision_id", None),
        envelope.trace_id,
        envelope.correlation_id,
        envelope.causation_id,
        envelope.cause_topic,
        envelope.cause_partition,
        envelope.cause_offset,
        envelope.ordinal,
        envelope.outcome_count,
        envelope.catalogue_position,
        *position,
        envelope.hash,
        None if payload is None else msgspec.json.encode(payload).decode(),
    )


def _what(event_type: str, payload: Struct | None) -> tuple[str, str, str | None]:
    """Give (action, outcome, code)."""
    if isinstance(payload, CommandRejected):
        return payload.command_type, "Refused", payload.code
    if payload is None:
        return event_type, UNREADABLE, None
    effect = getattr(payload, "effect", None)
    return event_type, effect if isinstance(effect, str) else "Recorded", None
