"""Limits of a role and of an agent: whose ledger may hold which dimension, and that the strictest of all wins."""

from typing import Any

import pytest

from processors import tenancy
from processors.tenancy.state import QuotaLedger, QuotaReservation
from schemas.ids import LedgerId, ReservationId
from schemas.messages.tenancy.commands import SetQuotaOverride
from schemas.messages.tenancy.facts import (
    QuotaExceeded,
    QuotaOverridden,
    QuotaReserved,
    QuotaSettled,
)
from tests.unit.scenario import START, Scenario
from tests.unit.tenancy import given

ROLE, AGENT = "Adder", "ConnectSoft.Agent.Adder"
ROLE_LEDGER, AGENT_LEDGER = LedgerId("role:Adder"), LedgerId("agent:ConnectSoft.Agent.Adder")
ONE = {"tasks.active": 1}
STARTED = {"tasks.active": 1, "tasks.started": 1}


def of(
    ledger_id: str, most: int, dimension: str = "tasks.active", window: str = "none"
) -> QuotaOverridden:
    return QuotaOverridden(
        ledger_id=LedgerId(ledger_id),
        dimension=dimension,
        window=window,  # type: ignore[arg-type]
        limit=most,
        warn_at_percent=100,
        set_by="tenant",
        reason="test",
    )


def reserve(scenario: Scenario, number: int, amounts: dict[str, int], **whom: Any) -> str | None:
    """Reserve; give the code and scope of a refusal."""
    refused = tenancy.reserve(
        scenario.decide(), ReservationId(f"task-{number}"), amounts, None, **whom
    )
    return None if refused is None else refused.code


def used(scenario: Scenario, ledger_id: str) -> tuple[int, int]:
    ledger = scenario.tables.get(QuotaLedger, ledger_id)
    assert ledger is not None
    return ledger.lines[0].used, ledger.lines[0].reserved


def override(**changed: Any) -> SetQuotaOverride:
    values: dict[str, Any] = {"dimension": "tasks.active", "window": "none", "limit": 2}
    return SetQuotaOverride(**(values | {"reason": "a quiet month"} | changed))


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize(
    ("changed", "ledger_id"),
    [
        ({"agent_role": ROLE}, ROLE_LEDGER),
        ({"agent_role": ROLE, "dimension": "tasks.started", "window": "minute"}, ROLE_LEDGER),
        ({"agent_id": AGENT, "dimension": "claims.active"}, AGENT_LEDGER),
        ({"agent_id": AGENT, "dimension": "claims.started", "window": "hour"}, AGENT_LEDGER),
    ],
)
def test_a_role_and_an_agent_get_limits_of_their_own(
    changed: dict[str, Any], ledger_id: LedgerId
) -> None:
    scenario = given.tenant_with(given.TASKS).when(override(**changed))
    assert scenario.fact(QuotaOverridden).ledger_id == ledger_id
    assert scenario.tables.get(QuotaLedger, ledger_id) is not None


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"agent_role": ROLE, "dimension": "workflows.active"}, "dimension"),
        (
            {"agent_role": ROLE, "dimension": "commands.rate", "window": "minute"},
            "dimension",
        ),
        ({"agent_role": ROLE, "dimension": "claims.active"}, "dimension"),
        ({"agent_id": AGENT}, "dimension"),
        ({"dimension": "claims.active"}, "dimension"),
        ({"agent_id": AGENT, "dimension": "claims.active", "window": "day"}, "window"),
        ({"agent_role": ROLE, "agent_id": AGENT}, "agentId"),
        ({"agent_role": ROLE, "project_id": given.PROJECT}, "agentRole"),
    ],
)
def test_what_is_never_charged_there_is_no_limit(changed: dict[str, Any], field: str) -> None:
    given.tenant_with(given.TASKS).when(override(**changed)).refused("INVALID_ARGUMENT", field)


def test_the_strictest_of_tenant_and_role_refuses() -> None:
    scenario = given.tenant_with(given.TASKS).given(of(ROLE_LEDGER, 1))
    assert reserve(scenario, 1, ONE, agent_role=ROLE) is None
    assert reserve(scenario, 2, ONE, agent_role=ROLE) == "QUOTA_EXCEEDED"
    assert scenario.fact(QuotaExceeded).ledger_id == ROLE_LEDGER
    assert scenario.fact(QuotaExceeded).project_id is None
    assert reserve(scenario, 3, ONE, agent_role="Tester") is None
    assert reserve(scenario, 4, ONE, agent_role="Tester") is None
    assert reserve(scenario, 5, ONE, agent_role="Tester") == "QUOTA_EXCEEDED"
    assert scenario.fact(QuotaExceeded).ledger_id == "tenant"


def test_a_shortage_names_the_role() -> None:
    scenario = given.tenant_with(given.TASKS).given(of(ROLE_LEDGER, 0))
    short = tenancy.shortage(scenario.decide(), ONE, None, ROLE)
    assert short is not None
    assert short.scope == ROLE_LEDGER
    assert tenancy.shortage(scenario.decide(), ONE, None) is None


def test_a_role_without_limits_costs_no_field() -> None:
    scenario = given.tenant_with(given.TASKS)
    assert reserve(scenario, 1, ONE, agent_role=ROLE) is None
    assert scenario.fact(QuotaReserved).agent_role is None


def test_what_a_role_reserved_is_settled_in_its_ledger() -> None:
    scenario = given.tenant_with(given.TASKS).given(of(ROLE_LEDGER, 2))
    reserve(scenario, 1, ONE, agent_role=ROLE)
    assert used(scenario, ROLE_LEDGER) == (0, 1)
    tenancy.settle(scenario.decide(), ReservationId("task-1"), {})
    assert used(scenario, ROLE_LEDGER) == (0, 0)
    reserve(scenario, 2, ONE, agent_role=ROLE)
    tenancy.release(scenario.decide(), ReservationId("task-2"), "withdrawn")
    assert used(scenario, ROLE_LEDGER) == (0, 0)


def test_a_role_s_second_limit_begins_with_what_is_open() -> None:
    scenario = given.tenant_with().given(of(ROLE_LEDGER, 5, "tokens.input", "day"))
    reserve(scenario, 1, ONE, agent_role=ROLE)
    scenario.given(of(ROLE_LEDGER, 1))
    assert reserve(scenario, 2, ONE, agent_role=ROLE) == "QUOTA_EXCEEDED"


def test_what_has_started_stays_counted_when_it_is_settled_and_not_when_it_is_given_back() -> None:
    scenario = given.tenant_with(given.limit("tasks.started", 2, "minute"))
    reserve(scenario, 1, STARTED)
    tenancy.settle(scenario.decide(), ReservationId("task-1"), {})
    assert used(scenario, "tenant") == (1, 0)
    assert [use.dimension for use in scenario.fact(QuotaSettled).actual] == ["tasks.started"]
    reserve(scenario, 2, STARTED)
    tenancy.release(scenario.decide(), ReservationId("task-2"), "nobody took it")
    assert used(scenario, "tenant") == (1, 0)


def test_a_rate_is_that_of_its_window() -> None:
    scenario = given.tenant_with(given.limit("tasks.started", 1, "minute"))
    reserve(scenario, 1, STARTED)
    assert reserve(scenario, 2, STARTED) == "QUOTA_EXCEEDED"
    scenario.at = START + 60 * given.SECOND
    assert reserve(scenario, 3, STARTED) is None


def test_a_claim_is_charged_with_what_its_agent_s_ledger_limits_and_nothing_else() -> None:
    scenario = given.tenant_with(given.TASKS)
    assert tenancy.agent_amounts(scenario.decide(), AGENT) == {}
    scenario.given(of(AGENT_LEDGER, 1, "claims.active"))
    amounts = tenancy.agent_amounts(scenario.decide(), AGENT)
    assert amounts == {"claims.active": 1}
    assert reserve(scenario, 1, amounts, agent_id=AGENT) is None
    assert used(scenario, "tenant") == (0, 0)
    assert reserve(scenario, 2, amounts, agent_id=AGENT) == "QUOTA_EXCEEDED"
    record = scenario.tables.get(QuotaReservation, "task-1")
    assert record is not None
    assert record.agent_id == AGENT
