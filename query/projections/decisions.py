"""The policy decisions view: one row per decision; a decision never changes (domain.md §7)."""

from collections.abc import Iterable
from typing import Final

from query.projections.model import Row, View, bare, fact
from schemas.messages.envelope import Envelope
from schemas.messages.governance.facts import PolicyDecisionRecorded


def _recorded(envelope: Envelope, payload: PolicyDecisionRecorded) -> Iterable[Row]:
    yield (
        *fact(envelope),
        payload.decision_id,
        payload.effect,
        payload.action,
        payload.resource,
        payload.principal_id,
        payload.roles,
        payload.bundle_hash,
        payload.bundle_version,
        payload.determining_rules,
        payload.obligations,
        payload.errors,
        payload.shadow_effect,
        payload.shadow_rules,
        payload.context_digest,
        payload.context,
        bare(envelope.workflow_instance_id),
        bare(envelope.task_id),
        envelope.trace_id,
    )


VIEW: Final = View(table="policy_decisions", version=1, rules={PolicyDecisionRecorded: _recorded})
