"""ReactivateTenant — let a suspended tenant's work go on.

State     the tenant; Suspended -> Active
Produces  TenantReactivated
Refuses   NOT_FOUND (tenant), INVALID_STATE (not Suspended)
Source    domain.md §2
"""

from processors.contract import Rejection
from processors.decision import Decision
from processors.tenancy.transitions import refuse_move
from schemas.messages.tenancy.commands import ReactivateTenant
from schemas.messages.tenancy.facts import TenantReactivated


def decide(command: ReactivateTenant, decision: Decision) -> Rejection | None:
    """Reactivate a suspended tenant."""
    refused = refuse_move(decision, "ReactivateTenant")
    if refused is None:
        decision.record(TenantReactivated(tenant_id=decision.tenant_id, reason=command.reason))
    return refused
