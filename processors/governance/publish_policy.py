"""PublishPolicy — let the draft of a policy version decide from now on, in place of the version before.

State     Policy (name@version), PolicyBundle
Produces  PolicyDecisionRecorded, PolicyPublished
Refuses   NOT_FOUND (no draft), ALREADY_EXISTS (published already), STALE_VERSION (a newer one decides),
          LIMIT_EXCEEDED (the bundle is full), POLICY_DENIED, APPROVAL_REQUIRED
Source    domain.md §7
"""

from processors import identity
from processors.contract import Rejection
from processors.decision import Decision
from processors.governance.bundle import unbundled
from processors.governance.gates import gate_command
from processors.governance.state import Policy
from schemas.messages.governance.commands import PublishPolicy
from schemas.messages.governance.facts import PolicyPublished


def decide(command: PublishPolicy, decision: Decision) -> Rejection | None:
    """Publish what was defined."""
    policy_id = f"{command.name}@{command.version}"
    draft = decision.tables.get(Policy, policy_id)
    if draft is None:
        return Rejection("NOT_FOUND", "no draft of this version", "version", got=policy_id)
    if draft.status == "Published":
        return Rejection(
            "ALREADY_EXISTS", "a published version never changes", "version", got=policy_id
        )
    refused = unbundled(decision, draft) or gate_command(
        decision,
        action="policy:publish",
        resource=policy_id,
        context={
            "name": command.name,
            "version": command.version,
            "domain": draft.domain,
            "mode": draft.mode,
        },
        roles=identity.roles_of(decision, decision.cause.actor_id),
        content=f"{draft.domain} {draft.mode} {draft.text}",
    )
    if refused is not None:
        return refused
    decision.record(
        PolicyPublished(
            policy_id=policy_id,
            name=draft.name,
            version=draft.version,
            domain=draft.domain,
            mode=draft.mode,
            text=draft.text,
        )
    )
    return None
