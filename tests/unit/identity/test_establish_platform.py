"""EstablishPlatform: the first principal of the platform."""

from processors import identity
from schemas.messages.identity.commands import EstablishPlatform
from schemas.messages.identity.facts import PrincipalRegistered
from tests.unit.identity import given
from tests.unit.scenario import Scenario

COMMAND = EstablishPlatform(principal_id=given.ROOT, display_name="Root")


def test_the_configured_principal_begins_the_platform_without_any_role() -> None:
    scenario = Scenario(tenant="system", actor="anyone", genesis=given.ROOT)
    scenario.through_pipeline(COMMAND).then(
        PrincipalRegistered(principal_id=given.ROOT, kind="user", display_name="Root"),
        given.granted(given.ROOT, "PlatformAdmin"),
    )
    assert identity.has_role(scenario.decide(), given.ROOT, "PlatformAdmin")


def test_another_principal_does_not() -> None:
    Scenario(tenant="system", genesis=given.PETER).when(COMMAND).refused(
        "FORBIDDEN", "principalId"
    ).recorded()


def test_without_a_configured_principal_nobody_does() -> None:
    Scenario(tenant="system").when(COMMAND).refused("FORBIDDEN", "principalId").recorded()


def test_the_platform_is_established_once() -> None:
    scenario = Scenario(tenant="system", genesis=given.ROOT).given(given.registered(given.PETER))
    scenario.when(COMMAND).refused("INVALID_STATE", "principalId").recorded()


def test_no_other_tenant_is_a_platform() -> None:
    Scenario(genesis=given.ROOT).through_pipeline(COMMAND).refused("FORBIDDEN", "tenantId")
