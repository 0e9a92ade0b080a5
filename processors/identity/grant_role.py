"""GrantRole — bind a role to a principal, for the tenant or one project.

State     the principal with its bindings; the project
Produces  RoleGranted (after the gate's PolicyDecisionRecorded)
Refuses   NOT_FOUND (principal, project), INVALID_ARGUMENT (no such role, or not to be bound here),
          ALREADY_EXISTS (bound already), POLICY_DENIED, APPROVAL_REQUIRED
Source    domain.md §1, §7 (grant of a role is gated); settled.md 14, 16
"""

from processors import governance, projects
from processors.contract import Rejection
from processors.decision import Decision
from processors.identity.access import roles_of
from processors.identity.roles import BOUND_IN
from processors.identity.state import Principal, RoleBinding
from schemas.ids import SYSTEM
from schemas.messages.identity.commands import GrantRole
from schemas.messages.identity.facts import RoleGranted


def decide(command: GrantRole, decision: Decision) -> Rejection | None:
    """Bind the role once the gate allows it."""
    refused = (
        _refuse_role(command, decision)
        or _refuse_principal(command, decision)
        or _gate(command, decision)
    )
    if refused is None:
        decision.record(
            RoleGranted(
                principal_id=command.principal_id, role=command.role, project_id=command.project_id
            )
        )
    return refused


def _refuse_role(command: GrantRole, decision: Decision) -> Rejection | None:
    here = "platform" if decision.tenant_id == SYSTEM else "tenant"
    bound_here = [role for role, where in BOUND_IN.items() if where in (here, "anywhere")]
    if command.role not in bound_here:
        return Rejection(
            "INVALID_ARGUMENT",
            "the role cannot be bound in this tenant",
            "role",
            f"one of {', '.join(bound_here)}",
            command.role,
        )
    if command.project_id is not None and projects.find(decision, command.project_id) is None:
        return Rejection("NOT_FOUND", "no such project", "projectId", got=command.project_id)
    return None


def _refuse_principal(command: GrantRole, decision: Decision) -> Rejection | None:
    principal = decision.tables.get(Principal, command.principal_id)
    if principal is None:
        return Rejection("NOT_FOUND", "no such principal", "principalId", got=command.principal_id)
    if RoleBinding(role=command.role, project_id=command.project_id) in principal.bindings:
        return Rejection(
            "ALREADY_EXISTS", "the principal holds the role already", "role", got=command.role
        )
    return None


def _gate(command: GrantRole, decision: Decision) -> Rejection | None:
    return governance.gate_command(
        decision,
        action="role:grant",
        resource=f"principal/{command.principal_id}",
        context={"role": command.role, "projectId": command.project_id or ""},
        roles=roles_of(decision, decision.cause.actor_id, command.project_id),
    )
