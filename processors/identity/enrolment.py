"""How a principal comes in together with its first role: a tenant's owner, the platform's first administrator."""

from processors.decision import Decision
from schemas.ids import PrincipalId
from schemas.messages.identity.facts import PrincipalRegistered, RoleGranted


def enrol(decision: Decision, principal_id: PrincipalId, role: str, display_name: str = "") -> None:
    """Register a user and bind the role to it: PrincipalRegistered, RoleGranted.

    For a tenant that has no principal yet; ungated, because nobody could have granted it.
    """
    decision.record(
        PrincipalRegistered(
            principal_id=principal_id, kind="user", display_name=display_name or principal_id
        )
    )
    decision.record(RoleGranted(principal_id=principal_id, role=role))
