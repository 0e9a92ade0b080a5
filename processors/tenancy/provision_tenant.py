"""ProvisionTenant — open a new tenant with its owner.

State     the tenant named by the message, which must not exist
Produces  TenantProvisioned, then PrincipalRegistered and RoleGranted TenantOwner for the owner
Refuses   ALREADY_EXISTS (a tenant of that id, or ``system``)
Source    domain.md §2; settled.md 11, 14
"""

from processors import identity
from processors.contract import Rejection
from processors.decision import Decision
from processors.tenancy.state import Tenant
from schemas.ids import SYSTEM
from schemas.messages.tenancy.commands import ProvisionTenant
from schemas.messages.tenancy.facts import TenantProvisioned


def decide(command: ProvisionTenant, decision: Decision) -> Rejection | None:
    """Open the tenant and enrol its owner in one decision, so that no tenant is without one."""
    tenant_id = decision.tenant_id
    if tenant_id == SYSTEM or decision.tables.get(Tenant, tenant_id) is not None:
        return Rejection("ALREADY_EXISTS", "a tenant id is used once", "tenantId", got=tenant_id)
    decision.record(
        TenantProvisioned(
            tenant_id=tenant_id,
            display_name=command.display_name,
            region=command.region,
            isolation=command.isolation,
            owner_principal_id=command.owner_principal_id,
        )
    )
    identity.enrol(decision, command.owner_principal_id, "TenantOwner", command.owner_display_name)
    return None
