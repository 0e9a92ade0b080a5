"""PublishEdition: a drafted version becomes immutable and is known everywhere."""

import pytest

from processors.tenancy.state import Edition
from schemas.messages.tenancy.commands import PublishEdition
from tests.unit.gate import Gate
from tests.unit.scenario import Scenario
from tests.unit.tenancy import given

COMMAND = PublishEdition(name="team", version="1.0.0")


def system() -> Scenario:
    return Scenario(tenant="system", actor=given.ADMIN).given(*given.PLATFORM_ADMIN)


def test_a_draft_is_published_whole(gate: Gate) -> None:
    scenario = system().given(given.DEFINED)
    scenario.when(COMMAND).then(given.PUBLISHED)
    assert gate.asked[0]["action"] == "edition:publish"
    assert gate.asked[0]["roles"] == ("PlatformAdmin",)
    # Another partition has seen nothing but the published fact.
    elsewhere = Scenario().given_system(given.PUBLISHED)
    assert elsewhere.system.get(Edition, "team/1.0.0") == scenario.tables.get(Edition, "team/1.0.0")


@pytest.mark.usefixtures("gate")
def test_an_edition_that_was_not_drafted_is_not_found() -> None:
    system().when(COMMAND).refused("NOT_FOUND", "version")


@pytest.mark.usefixtures("gate")
def test_a_published_version_stays_as_it_is() -> None:
    system().given(given.DEFINED, given.PUBLISHED).when(COMMAND).refused(
        "ALREADY_EXISTS", "version"
    )


@pytest.mark.parametrize("code", ["POLICY_DENIED", "APPROVAL_REQUIRED"])
def test_the_gate_stands_before_it(gate: Gate, code: str) -> None:
    gate.refuses(code)
    scenario = system().given(given.DEFINED).when(COMMAND).refused(code)
    edition = scenario.tables.get(Edition, "team/1.0.0")
    assert edition is not None
    assert edition.status == "Draft"
