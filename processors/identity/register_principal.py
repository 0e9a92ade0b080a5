"""RegisterPrincipal — make a person, service or agent known to the tenant.

State     the principal, of the tenant and of ``system``
Produces  PrincipalRegistered
Refuses   ALREADY_EXISTS (principal id, in the tenant or the platform)
Source    domain.md §1
"""

from processors.contract import Rejection
from processors.decision import Decision
from processors.identity.access import find
from schemas.messages.identity.commands import RegisterPrincipal
from schemas.messages.identity.facts import PrincipalRegistered


def decide(command: RegisterPrincipal, decision: Decision) -> Rejection | None:
    """Register the principal; it holds no role yet.

    An id of the platform is not the tenant's to give: who bears it would have the platform's roles in the tenant.
    """
    if find(decision, command.principal_id) is not None:
        return Rejection(
            "ALREADY_EXISTS", "a principal id is used once", "principalId", got=command.principal_id
        )
    decision.record(
        PrincipalRegistered(
            principal_id=command.principal_id,
            kind=command.kind,
            display_name=command.display_name,
        )
    )
    return None
