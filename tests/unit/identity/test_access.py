"""Who may do what."""

import pytest

from processors import identity
from processors.identity.roles import BOUND_IN
from schemas.ids import PrincipalId
from tests.unit.identity import given
from tests.unit.scenario import Scenario


def test_the_default_is_no() -> None:
    scenario = given.tenant()
    scenario.actor = PrincipalId("user:stranger")
    refused = identity.authorise(scenario.decide(), "workflow:start")
    assert refused is not None
    assert (refused.code, refused.field, refused.got) == ("FORBIDDEN", "actorId", "no role")


def test_the_refusal_names_the_roles_held() -> None:
    scenario = given.tenant().given(given.granted(given.PETER, "Viewer"))
    scenario.actor = given.PETER
    refused = identity.authorise(scenario.decide(), "workflow:start")
    assert refused is not None
    assert (refused.expected, refused.got) == ("workflow:start", "Viewer")


def test_a_role_permits_in_its_tenant() -> None:
    assert identity.authorise(given.tenant().decide(), "workflow:start") is None


def test_a_role_of_one_project_permits_nothing_elsewhere() -> None:
    decision = (
        given.tenant().given(given.granted(given.PETER, "ProductOwner", given.PROJECT)).decide()
    )
    assert identity.permits(decision, given.PETER, "workflow:start", given.PROJECT)
    assert not identity.permits(decision, given.PETER, "workflow:start", given.OTHER_PROJECT)
    assert not identity.permits(decision, given.PETER, "workflow:start")


def test_the_platforms_admin_administers_every_tenant_and_steers_no_work() -> None:
    decision = given.tenant().decide()
    assert identity.permits(decision, given.ROOT, "tenant:suspend")
    assert identity.permits(decision, given.ROOT, "role:grant")
    assert not identity.permits(decision, given.ROOT, "workflow:start")
    assert identity.has_role(decision, given.ROOT, "PlatformAdmin")


def test_the_agent_mesh_reports_for_every_tenant() -> None:
    scenario = given.tenant().given_system(
        given.registered(given.MESH), given.granted(given.MESH, "AgentMesh")
    )
    decision = scenario.decide()
    assert identity.permits(decision, given.MESH, "agent-task:complete")
    assert not identity.permits(decision, given.MESH, "approval:grant")


def test_a_tenants_owner_is_nobody_in_the_platform() -> None:
    scenario = Scenario(tenant="system", actor=given.OLGA).given(given.registered(given.ROOT))
    assert identity.authorise(scenario.decide(), "tenant:provision") is not None


def test_roles_of_tenant_and_platform_are_told_together() -> None:
    scenario = given.tenant().given(
        given.registered(given.ROOT), given.granted(given.ROOT, "Viewer")
    )
    assert identity.roles_of(scenario.decide(), given.ROOT) == ("PlatformAdmin", "Viewer")
    assert identity.roles_of(scenario.decide(), PrincipalId("user:nobody")) == ()


def test_whom_the_tenant_knew_before_the_platform_is_another_than_the_platforms() -> None:
    scenario = given.tenant()
    scenario.at += 1
    scenario.given_system(
        given.registered(given.PETER), given.granted(given.PETER, "PlatformAdmin")
    )
    assert identity.roles_of(scenario.decide(), given.PETER) == ()
    assert not identity.permits(scenario.decide(), given.PETER, "tenant:suspend")


def test_a_role_of_a_later_release_permits_nothing() -> None:
    scenario = given.tenant().given(given.granted(given.PETER, "Astronaut"))
    assert not identity.permits(scenario.decide(), given.PETER, "workflow:start")


@pytest.mark.parametrize("principal", [given.OLGA, given.ROOT])
def test_a_principal_of_tenant_or_platform_is_found(principal: PrincipalId) -> None:
    assert identity.find(given.tenant().decide(), principal) is not None


def test_nobody_else_is_found() -> None:
    assert identity.find(given.tenant().decide(), PrincipalId("user:nobody")) is None


def test_every_role_says_where_it_is_bound_and_every_permission_belongs_to_a_role() -> None:
    assert BOUND_IN.keys() == identity.ROLES.keys()
    assert frozenset().union(*identity.ROLES.values()) == identity.PERMISSIONS
