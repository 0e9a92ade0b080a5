"""EstablishPlatform — register the platform's first principal and make it PlatformAdmin.

State     the principals of ``system``, of which there must be none
Produces  PrincipalRegistered, RoleGranted
Refuses   FORBIDDEN (not the principal that the configuration names), INVALID_STATE (established already)
Source    settled.md 14; processors/identity/README.md (genesis)
"""

from processors.contract import Rejection
from processors.decision import Decision
from processors.identity.enrolment import enrol
from processors.identity.roles import PLATFORM_ADMIN
from processors.identity.state import Principal
from schemas.messages.identity.commands import EstablishPlatform


def decide(command: EstablishPlatform, decision: Decision) -> Rejection | None:
    """Begin the platform; needs no permission, because nobody could hold one before."""
    if next(decision.tables.scan(Principal), None) is not None:
        return Rejection(
            "INVALID_STATE", "the platform is established once", "principalId", "no principal"
        )
    if command.principal_id != decision.genesis:
        return Rejection(
            "FORBIDDEN",
            "only the principal that the configuration names as genesis begins the platform",
            "principalId",
            decision.genesis or "none: no genesis is configured",
            command.principal_id,
        )
    enrol(decision, command.principal_id, PLATFORM_ADMIN, command.display_name)
    return None
