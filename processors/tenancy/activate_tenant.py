"""ActivateTenant — take a provisioned tenant into use.

State     the tenant; Provisioning -> Active
Produces  TenantActivated
Refuses   NOT_FOUND (tenant), INVALID_STATE (not Provisioning, or no active subscription)
Source    domain.md §2: not Active before provisioning is complete, exactly one active edition
"""

from processors.contract import Rejection
from processors.decision import Decision
from processors.tenancy.admission import active_subscription
from processors.tenancy.transitions import refuse_move
from schemas.messages.tenancy.commands import ActivateTenant
from schemas.messages.tenancy.facts import TenantActivated


def decide(_command: ActivateTenant, decision: Decision) -> Rejection | None:
    """Activate once everything that provisioning promises is there; the owner always is."""
    refused = refuse_move(decision, "ActivateTenant")
    if refused is not None:
        return refused
    if active_subscription(decision) is None:
        return Rejection(
            "INVALID_STATE",
            "a tenant becomes active with an edition",
            "tenantId",
            "an active subscription",
            "none",
        )
    decision.record(TenantActivated(tenant_id=decision.tenant_id))
    return None
