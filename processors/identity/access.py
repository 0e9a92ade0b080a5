"""Who may do what: looked up in the role bindings of the tenant and of ``system``; the default is no.

Source: domain.md §1 (default deny; decided again from bindings in state); settled.md 13, 14.
"""

from collections.abc import Iterator

from processors.contract import Rejection
from processors.decision import Decision
from processors.identity.roles import ROLES
from processors.identity.state import Principal
from schemas.ids import SYSTEM, PrincipalId, ProjectId


def authorise(
    decision: Decision, permission: str, project_id: ProjectId | None = None
) -> Rejection | None:
    """Give FORBIDDEN where the cause's actor has no role with the permission, or None.

    ``project_id``: the project acted in; a role bound to another project does not count.
    """
    actor = decision.cause.actor_id
    if permits(decision, actor, permission, project_id):
        return None
    held = ", ".join(roles_of(decision, actor, project_id)) or "no role"
    return Rejection(
        "FORBIDDEN", f"{permission} is not permitted to the actor", "actorId", permission, held
    )


def permits(
    decision: Decision,
    principal_id: PrincipalId,
    permission: str,
    project_id: ProjectId | None = None,
) -> bool:
    """Tell whether a role of the principal permits it, in the tenant or the project."""
    roles = _roles(decision, principal_id, project_id)
    return any(permission in ROLES.get(role, ()) for role in roles)


def has_role(
    decision: Decision,
    principal_id: PrincipalId,
    role: str,
    project_id: ProjectId | None = None,
) -> bool:
    """Tell whether the principal holds the role, in the tenant, the project or the platform."""
    return role in _roles(decision, principal_id, project_id)


def roles_of(
    decision: Decision, principal_id: PrincipalId, project_id: ProjectId | None = None
) -> tuple[str, ...]:
    """Give the roles that the principal holds, by name; those of one project only where it is named."""
    return tuple(sorted(set(_roles(decision, principal_id, project_id))))


def find(decision: Decision, principal_id: PrincipalId) -> Principal | None:
    """Give the principal, of the tenant or else of the platform, or None."""
    return decision.tables.get(Principal, principal_id) or decision.system.get(
        Principal, principal_id
    )


def _roles(
    decision: Decision, principal_id: PrincipalId, project_id: ProjectId | None
) -> Iterator[str]:
    """Give the roles that count: the tenant's for the whole of it or the project, then the platform's.

    A principal of the tenant that was there before the platform's of the same id is another one: it gets none of the
    platform's roles.
    """
    own = decision.tables.get(Principal, principal_id)
    for binding in own.bindings if own is not None else ():
        if binding.project_id is None or binding.project_id == project_id:
            yield binding.role
    platform = decision.system.get(Principal, principal_id)
    if decision.tenant_id == SYSTEM or platform is None:
        return
    if own is None or own.registered_at >= platform.registered_at:
        for binding in platform.bindings:
            yield binding.role
