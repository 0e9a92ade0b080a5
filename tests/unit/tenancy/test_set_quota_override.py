"""SetQuotaOverride: a limit over that of the edition, and who may set it."""

from typing import Any

import pytest

from processors.tenancy.state import TENANT_LEDGER, QuotaLedger, QuotaLine
from schemas.ids import LedgerId
from schemas.messages.tenancy.commands import SetQuotaOverride
from schemas.messages.tenancy.facts import QuotaOverridden
from tests.unit.gate import Gate
from tests.unit.scenario import Scenario
from tests.unit.tenancy import given


def command(**changed: Any) -> SetQuotaOverride:
    values: dict[str, Any] = {
        "dimension": "tasks.active",
        "window": "none",
        "limit": 2,
        "reason": "a quiet month",
    }
    return SetQuotaOverride(**(values | changed))


def line(scenario: Scenario, ledger_id: str = TENANT_LEDGER) -> QuotaLine | None:
    ledger = scenario.tables.get(QuotaLedger, ledger_id)
    assert ledger is not None
    return next((line for line in ledger.lines if line.dimension == "tasks.active"), None)


def limit_of(scenario: Scenario, ledger_id: str = TENANT_LEDGER) -> int:
    found = line(scenario, ledger_id)
    assert found is not None
    return found.limit


def team() -> Scenario:
    return given.tenant_with(given.TASKS, features=("project-quotas",)).given(given.CREATED)


def test_the_tenant_narrows_its_own_limit(gate: Gate) -> None:
    scenario = team().when(command())
    scenario.then(
        QuotaOverridden(
            ledger_id=TENANT_LEDGER,
            dimension="tasks.active",
            window="none",
            limit=2,
            set_by="tenant",
            reason="a quiet month",
        )
    )
    assert limit_of(scenario) == 2
    assert gate.asked[0]["action"] == "quota:override"
    assert gate.asked[0]["context"]["limit"] == 2


@pytest.mark.usefixtures("gate")
def test_the_platform_widens_it() -> None:
    scenario = team().when(command(limit=50), actor_id=given.ADMIN)
    assert scenario.fact(QuotaOverridden).set_by == "platform"
    assert limit_of(scenario) == 50


@pytest.mark.usefixtures("gate")
def test_withdrawn_the_limit_of_the_edition_holds_again() -> None:
    scenario = team().when(command()).when(command(limit=None))
    assert scenario.fact(QuotaOverridden).set_by == "edition"
    assert limit_of(scenario) == given.TASKS.limit


@pytest.mark.usefixtures("gate")
def test_withdrawn_from_a_dimension_that_the_edition_leaves_open_nothing_limits_it() -> None:
    scenario = given.tenant_with().when(command()).when(command(limit=None))
    assert scenario.fact(QuotaOverridden).limit is None
    assert line(scenario) is None


@pytest.mark.usefixtures("gate")
def test_a_project_gets_a_limit_of_its_own() -> None:
    scenario = team().when(command(project_id=given.PROJECT, limit=40))
    assert scenario.fact(QuotaOverridden).ledger_id == LedgerId(given.PROJECT)
    assert limit_of(scenario, given.PROJECT) == 40
    assert limit_of(scenario) == given.TASKS.limit


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"dimension": "tea.cups"}, "dimension"),
        ({"window": "day"}, "window"),
        ({"dimension": "commands.rate", "window": "hour"}, "window"),
        (
            {"dimension": "commands.rate", "window": "minute", "project_id": given.PROJECT},
            "projectId",
        ),
    ],
)
def test_a_limit_that_makes_no_sense_is_named(changed: dict[str, Any], field: str) -> None:
    team().when(command(**changed)).refused("INVALID_ARGUMENT", field)


@pytest.mark.usefixtures("gate")
def test_an_unknown_tenant_is_not_found() -> None:
    Scenario(tenant="system").when(command()).refused("NOT_FOUND", "tenantId")


@pytest.mark.usefixtures("gate")
def test_an_unknown_project_is_not_found() -> None:
    scenario = given.tenant_with(given.TASKS, features=("project-quotas",))
    scenario.when(command(project_id=given.PROJECT)).refused("NOT_FOUND", "projectId")


@pytest.mark.usefixtures("gate")
def test_without_an_override_there_is_nothing_to_withdraw() -> None:
    team().when(command(limit=None)).refused("NOT_FOUND", "dimension")
    given.tenant_with().when(command(limit=None)).refused("NOT_FOUND", "dimension")


@pytest.mark.usefixtures("gate")
def test_limits_of_projects_are_a_feature_of_editions() -> None:
    scenario = given.tenant_with(given.TASKS).given(given.CREATED)
    scenario.when(command(project_id=given.PROJECT)).refused("NOT_ENTITLED", "projectId")


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize("changed", [{"limit": 4}, {"limit": 2, "hard": False}])
def test_the_tenant_does_not_widen_what_it_bought(changed: dict[str, Any]) -> None:
    team().when(command(**changed)).refused("FORBIDDEN", "limit")


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize("limit", [1, None])
def test_what_the_platform_set_is_not_the_tenants_to_change(limit: int | None) -> None:
    scenario = team().when(command(), actor_id=given.ADMIN)
    scenario.when(command(limit=limit)).refused("FORBIDDEN", "dimension")


@pytest.mark.parametrize("code", ["POLICY_DENIED", "APPROVAL_REQUIRED"])
def test_the_gate_stands_before_it(gate: Gate, code: str) -> None:
    gate.refuses(code)
    assert limit_of(team().when(command()).refused(code)) == given.TASKS.limit
