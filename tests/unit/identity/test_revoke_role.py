"""RevokeRole: a bound role is taken back, unless nobody would be left to administer."""

from processors import identity
from schemas.ids import PrincipalId, ProjectId
from schemas.messages.identity.commands import RevokeRole
from schemas.messages.identity.facts import RoleRevoked
from tests.unit.identity import given
from tests.unit.scenario import Scenario


def revoke(principal_id: PrincipalId, role: str, project_id: ProjectId | None = None) -> RevokeRole:
    return RevokeRole(
        principal_id=principal_id, role=role, project_id=project_id, reason="left the team"
    )


def test_a_role_is_taken_back() -> None:
    scenario = given.tenant().given(given.granted(given.PETER, "Viewer"))
    scenario.when(revoke(given.PETER, "Viewer")).then(
        RoleRevoked(principal_id=given.PETER, role="Viewer", reason="left the team")
    )
    assert identity.roles_of(scenario.decide(), given.PETER) == ()


def test_a_role_is_taken_back_in_its_scope_alone() -> None:
    scenario = given.tenant().given(
        given.granted(given.PETER, "Viewer"), given.granted(given.PETER, "Viewer", given.PROJECT)
    )
    scenario.when(revoke(given.PETER, "Viewer", given.PROJECT)).then(RoleRevoked)
    assert identity.roles_of(scenario.decide(), given.PETER) == ("Viewer",)


def test_an_unknown_principal_is_not_found() -> None:
    given.tenant().when(revoke(PrincipalId("user:nobody"), "Viewer")).refused(
        "NOT_FOUND", "principalId"
    )


def test_a_role_that_is_not_held_there_is_not_found() -> None:
    scenario = given.tenant().given(given.granted(given.PETER, "Viewer"))
    scenario.when(revoke(given.PETER, "Viewer", given.PROJECT)).refused("NOT_FOUND", "role")
    scenario.when(revoke(given.PETER, "ProductOwner")).refused("NOT_FOUND", "role")


def test_the_last_owner_of_a_tenant_stays() -> None:
    given.tenant().when(revoke(given.OLGA, "TenantOwner")).refused("INVALID_STATE", "principalId")


def test_an_owner_of_a_project_is_no_owner_of_the_tenant() -> None:
    scenario = given.tenant().given(given.granted(given.PETER, "TenantOwner", given.PROJECT))
    scenario.when(revoke(given.OLGA, "TenantOwner")).refused("INVALID_STATE", "principalId")
    scenario.when(revoke(given.PETER, "TenantOwner", given.PROJECT)).then(RoleRevoked)


def test_one_of_two_owners_may_go() -> None:
    scenario = given.tenant().given(given.granted(given.PETER, "TenantOwner"))
    scenario.when(revoke(given.OLGA, "TenantOwner")).then(RoleRevoked)


def test_the_last_admin_of_the_platform_stays() -> None:
    scenario = Scenario(tenant="system", actor=given.ROOT).given(
        given.registered(given.ROOT), given.granted(given.ROOT, "PlatformAdmin")
    )
    scenario.when(revoke(given.ROOT, "PlatformAdmin")).refused("INVALID_STATE", "principalId")
