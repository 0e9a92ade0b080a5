"""RevokeRole — take a bound role back.

State     the principal with its bindings; the other holders of the role
Produces  RoleRevoked
Refuses   NOT_FOUND (principal, or it does not hold the role there), INVALID_STATE (the last PlatformAdmin
          or TenantOwner)
Source    domain.md §1
"""

from processors.contract import Rejection
from processors.decision import Decision
from processors.identity.roles import INDISPENSABLE
from processors.identity.state import Principal, RoleBinding
from schemas.messages.identity.commands import RevokeRole
from schemas.messages.identity.facts import RoleRevoked


def decide(command: RevokeRole, decision: Decision) -> Rejection | None:
    """Take the role back, unless nobody would be left who can administer."""
    principal = decision.tables.get(Principal, command.principal_id)
    if principal is None:
        return Rejection("NOT_FOUND", "no such principal", "principalId", got=command.principal_id)
    binding = RoleBinding(role=command.role, project_id=command.project_id)
    if binding not in principal.bindings:
        return Rejection(
            "NOT_FOUND", "the principal does not hold the role there", "role", got=command.role
        )
    if _is_last(command, decision, binding):
        return Rejection(
            "INVALID_STATE",
            f"the last {command.role} keeps the role",
            "principalId",
            f"another principal with role {command.role}",
            "none",
        )
    decision.record(
        RoleRevoked(
            principal_id=command.principal_id,
            role=command.role,
            project_id=command.project_id,
            reason=command.reason,
        )
    )
    return None


def _is_last(command: RevokeRole, decision: Decision, binding: RoleBinding) -> bool:
    """Tell whether no other principal holds an indispensable role for the whole tenant.

    Scans the principals: revoking such a role is rare, and a count would be one more thing to keep true.
    """
    if command.role not in INDISPENSABLE or command.project_id is not None:
        return False
    return not any(
        binding in principal.bindings
        for principal_id, principal in decision.tables.scan(Principal)
        if principal_id != command.principal_id
    )
