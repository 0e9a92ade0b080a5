"""RegisterPrincipal: a person, service or agent becomes known."""

from schemas.messages.identity.commands import RegisterPrincipal
from schemas.messages.identity.facts import PrincipalRegistered
from tests.unit.identity import given

COMMAND = RegisterPrincipal(principal_id=given.MESH, kind="service", display_name="Agent Mesh")


def test_a_new_principal_is_registered_without_a_role() -> None:
    given.tenant().when(COMMAND).then(
        PrincipalRegistered(principal_id=given.MESH, kind="service", display_name="Agent Mesh")
    )


def test_a_principal_id_is_used_once_in_a_tenant() -> None:
    given.tenant().given(given.registered(given.MESH)).when(COMMAND).refused(
        "ALREADY_EXISTS", "principalId"
    )


def test_an_id_of_the_platform_is_not_the_tenants_to_give() -> None:
    given.tenant().given_system(given.registered(given.MESH)).when(COMMAND).refused(
        "ALREADY_EXISTS", "principalId"
    )
