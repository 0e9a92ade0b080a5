"""Pasts of a tenant's principals: what the tests of identity start from."""

from schemas.ids import PrincipalId, ProjectId
from schemas.messages.identity.facts import PrincipalRegistered, RoleGranted
from tests.unit.scenario import Scenario

OLGA = PrincipalId("user:olga")
PETER = PrincipalId("user:peter")
ROOT = PrincipalId("user:root")
MESH = PrincipalId("service:agent-mesh")
PROJECT = ProjectId("proj-00000000-0000-0000-0000-000000000001")
OTHER_PROJECT = ProjectId("proj-00000000-0000-0000-0000-000000000002")


def registered(principal_id: PrincipalId) -> PrincipalRegistered:
    """Give the registration of a user."""
    return PrincipalRegistered(principal_id=principal_id, kind="user", display_name=principal_id)


def granted(
    principal_id: PrincipalId, role: str, project_id: ProjectId | None = None
) -> RoleGranted:
    """Give the binding of a role."""
    return RoleGranted(principal_id=principal_id, role=role, project_id=project_id)


def tenant() -> Scenario:
    """Give a tenant owned by Olga in which Peter is known; Root runs the platform."""
    scenario = Scenario(actor=OLGA).given(
        registered(OLGA), granted(OLGA, "TenantOwner"), registered(PETER)
    )
    return scenario.given_system(registered(ROOT), granted(ROOT, "PlatformAdmin"))
