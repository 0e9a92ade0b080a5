"""The rule that activating, suspending and reactivating a tenant share."""

from processors.contract import Rejection
from processors.decision import Decision
from processors.tenancy.admission import unknown_tenant
from processors.tenancy.state import TRANSITIONS, Tenant


def refuse_move(decision: Decision, command: str) -> Rejection | None:
    """Give why the tenant may not make the move of that command now, or None.

    NOT_FOUND: no such tenant (``system`` has no life cycle); INVALID_STATE: it stands elsewhere.
    """
    tenant = decision.tables.get(Tenant, decision.tenant_id)
    if tenant is None:
        return unknown_tenant(decision)
    origin, _ = TRANSITIONS[command]
    if tenant.status != origin:
        return Rejection(
            "INVALID_STATE",
            f"{command} needs a tenant that is {origin}",
            "tenantId",
            origin,
            tenant.status,
        )
    return None
