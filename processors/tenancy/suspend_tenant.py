"""SuspendTenant — stop a tenant's new work.

State     the tenant; Active -> Suspended
Produces  TenantSuspended
Refuses   NOT_FOUND (tenant), INVALID_STATE (not Active)
Source    domain.md §2: running workflows pause at the next step, results and approvals are taken in
"""

from processors.contract import Rejection
from processors.decision import Decision
from processors.tenancy.transitions import refuse_move
from schemas.messages.tenancy.commands import SuspendTenant
from schemas.messages.tenancy.facts import TenantSuspended


def decide(command: SuspendTenant, decision: Decision) -> Rejection | None:
    """Suspend an active tenant."""
    refused = refuse_move(decision, "SuspendTenant")
    if refused is None:
        decision.record(TenantSuspended(tenant_id=decision.tenant_id, reason=command.reason))
    return refused
