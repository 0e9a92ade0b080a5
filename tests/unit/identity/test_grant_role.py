"""GrantRole: a role is bound to a principal."""

import pytest

from processors import identity
from schemas.ids import PrincipalId
from schemas.messages.identity.commands import GrantRole
from schemas.messages.projects.facts import ProjectCreated
from tests.unit.gate import Gate
from tests.unit.identity import given
from tests.unit.scenario import Scenario

COMMAND = GrantRole(principal_id=given.PETER, role="ProductOwner")
IN_PROJECT = GrantRole(principal_id=given.PETER, role="ProductOwner", project_id=given.PROJECT)
SHOP = ProjectCreated(
    project_id=given.PROJECT,
    name="Shop",
    intent="A shop.",
    origin="api",
    owner_principal_id=given.OLGA,
)


def system() -> Scenario:
    return Scenario(tenant="system", actor=given.ROOT).given(
        given.registered(given.ROOT),
        given.granted(given.ROOT, "PlatformAdmin"),
        given.registered(given.MESH),
    )


def test_a_role_is_bound_once_the_gate_allows_it(gate: Gate) -> None:
    scenario = given.tenant().when(COMMAND).then(given.granted(given.PETER, "ProductOwner"))
    assert identity.roles_of(scenario.decide(), given.PETER) == ("ProductOwner",)
    assert gate.asked == [
        {
            "action": "role:grant",
            "resource": "principal/user:peter",
            "context": {"role": "ProductOwner", "projectId": ""},
            "roles": ("TenantOwner",),
        }
    ]


@pytest.mark.usefixtures("gate")
def test_a_role_is_bound_to_a_project() -> None:
    scenario = given.tenant().given(SHOP).when(IN_PROJECT)
    scenario.then(given.granted(given.PETER, "ProductOwner", given.PROJECT))
    assert identity.roles_of(scenario.decide(), given.PETER) == ()
    assert identity.roles_of(scenario.decide(), given.PETER, given.PROJECT) == ("ProductOwner",)


@pytest.mark.usefixtures("gate")
def test_a_neighbours_role_is_bound_in_system() -> None:
    command = GrantRole(principal_id=given.MESH, role="AgentMesh")
    system().when(command).then(given.granted(given.MESH, "AgentMesh"))


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize("role", ["PlatformAdmin", "Nobody"])
def test_a_role_that_is_not_the_tenants_is_refused(role: str) -> None:
    command = GrantRole(principal_id=given.PETER, role=role)
    given.tenant().when(command).refused("INVALID_ARGUMENT", "role")


@pytest.mark.usefixtures("gate")
def test_a_tenants_role_is_not_bound_in_system() -> None:
    command = GrantRole(principal_id=given.MESH, role="TenantOwner")
    system().when(command).refused("INVALID_ARGUMENT", "role")


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize("principal", ["user:nobody", given.ROOT])
def test_a_principal_that_the_tenant_does_not_know_is_not_found(principal: str) -> None:
    command = GrantRole(principal_id=PrincipalId(principal), role="Viewer")
    given.tenant().when(command).refused("NOT_FOUND", "principalId")


@pytest.mark.usefixtures("gate")
def test_an_unknown_project_is_not_found() -> None:
    given.tenant().when(IN_PROJECT).refused("NOT_FOUND", "projectId")


@pytest.mark.usefixtures("gate")
def test_a_role_is_held_once_a_scope() -> None:
    scenario = given.tenant().given(SHOP, given.granted(given.PETER, "ProductOwner"))
    scenario.when(COMMAND).refused("ALREADY_EXISTS", "role")
    scenario.when(IN_PROJECT).then(given.granted(given.PETER, "ProductOwner", given.PROJECT))


@pytest.mark.parametrize("code", ["POLICY_DENIED", "APPROVAL_REQUIRED"])
def test_the_gate_stands_before_it(gate: Gate, code: str) -> None:
    gate.refuses(code)
    scenario = given.tenant().when(COMMAND).refused(code).recorded()
    assert identity.roles_of(scenario.decide(), given.PETER) == ()
