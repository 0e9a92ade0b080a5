"""Reserve, settle, release and meter: what is admitted, what is counted, in which window."""

from collections.abc import Mapping

import pytest

from processors import tenancy
from processors.contract import Rejection
from processors.tenancy.ledger import AMOUNT_MAX
from processors.tenancy.quota import RESERVATION_MAX
from processors.tenancy.state import TENANT_LEDGER, QuotaLedger, QuotaLine, QuotaReservation
from schemas.ids import LedgerId, ProjectId, ReservationId
from schemas.messages.tenancy.facts import (
    QuotaAmount,
    QuotaExceeded,
    QuotaOverridden,
    QuotaOverrun,
    QuotaReleased,
    QuotaReserved,
    QuotaReset,
    QuotaSettled,
    QuotaThresholdCrossed,
    QuotaUse,
)
from tests.unit.scenario import START, Scenario
from tests.unit.tenancy.given import COST, DAY, PROJECT, TASKS, TOKENS, limit, tenant_with


def reserve(
    scenario: Scenario, name: str, amounts: Mapping[str, int], project_id: ProjectId | None = None
) -> Rejection | None:
    return tenancy.reserve(scenario.decide(), ReservationId(name), amounts, project_id)


def settle(scenario: Scenario, name: str, actual: Mapping[str, int]) -> list[object]:
    tenancy.settle(scenario.decide(), ReservationId(name), actual)
    return list(scenario.facts)


def line(scenario: Scenario, dimension: str, ledger_id: str = TENANT_LEDGER) -> QuotaLine:
    ledger = scenario.tables.get(QuotaLedger, ledger_id)
    assert ledger is not None
    return next(line for line in ledger.lines if line.dimension == dimension)


def counts(scenario: Scenario, dimension: str, ledger_id: str = TENANT_LEDGER) -> tuple[int, int]:
    found = line(scenario, dimension, ledger_id)
    return found.used, found.reserved


def override(
    dimension: str, window: str, most: int, project_id: ProjectId | None = None
) -> QuotaOverridden:
    return QuotaOverridden(
        ledger_id=project_id or TENANT_LEDGER,  # type: ignore[arg-type]
        project_id=project_id,
        dimension=dimension,
        window=window,  # type: ignore[arg-type]
        limit=most,
        warn_at_percent=100,
        set_by="platform",
        reason="a test",
    )


# -- reserve -----------------------------------------------------------------------------------------
def test_every_dimension_is_reserved_in_one_fact() -> None:
    scenario = tenant_with(TASKS, TOKENS, COST)
    amounts = {"tasks.active": 1, "tokens.input": 400, "cost.amount": 0}
    assert reserve(scenario, "task-1", amounts) is None
    scenario.recorded(
        QuotaReserved(
            ledger_id=TENANT_LEDGER,
            reservation_id=ReservationId("task-1"),
            amounts=(
                QuotaAmount(dimension="tasks.active", amount=1),
                QuotaAmount(dimension="tokens.input", amount=400),
            ),
        )
    )
    assert counts(scenario, "tokens.input") == (0, 400)
    assert counts(scenario, "cost.amount") == (0, 0)


def test_an_admission_up_to_the_limit_is_the_last() -> None:
    scenario = tenant_with(TOKENS)
    assert reserve(scenario, "task-1", {"tokens.input": 1000}) is None
    refused = reserve(scenario, "task-2", {"tokens.input": 1})
    assert refused is not None
    assert (refused.code, refused.field) == ("QUOTA_EXCEEDED", "tokens.input")
    assert (refused.expected, refused.got, refused.retryable) == ("at most 0", "1", True)
    fact = scenario.fact(QuotaExceeded)
    assert (fact.limit, fact.used, fact.reserved, fact.wanted) == (1000, 0, 1000, 1)
    assert scenario.tables.get(QuotaReservation, "task-2") is None


def test_a_refusal_reserves_in_no_dimension() -> None:
    scenario = tenant_with(TASKS, TOKENS)
    assert reserve(scenario, "task-1", {"tasks.active": 1, "tokens.input": 1001}) is not None
    scenario.recorded(QuotaExceeded)
    assert counts(scenario, "tasks.active") == (0, 0)


def test_what_could_never_be_admitted_is_not_worth_a_retry() -> None:
    refused = reserve(tenant_with(TOKENS), "task-1", {"tokens.input": 1001})
    assert refused is not None
    assert not refused.retryable


def test_money_beyond_the_limit_is_a_budget() -> None:
    refused = reserve(tenant_with(COST), "task-1", {"cost.amount": 501})
    assert refused is not None
    assert refused.code == "BUDGET_EXCEEDED"


def test_exceeding_is_reported_once_a_window() -> None:
    scenario = tenant_with(TOKENS)
    assert reserve(scenario, "task-1", {"tokens.input": 1001}) is not None
    scenario.recorded(QuotaExceeded)
    assert reserve(scenario, "task-2", {"tokens.input": 1001}) is not None
    scenario.recorded()
    scenario.at += DAY
    assert reserve(scenario, "task-3", {"tokens.input": 1001}) is not None
    scenario.recorded(QuotaReset, QuotaExceeded)


def test_without_a_window_exceeding_is_reported_anew_once_the_load_has_fallen() -> None:
    scenario = tenant_with(limit("tasks.active", 2, warn=50))
    for name in ("task-1", "task-2"):
        assert reserve(scenario, name, {"tasks.active": 1}) is None
    assert reserve(scenario, "task-3", {"tasks.active": 1}) is not None
    scenario.recorded(QuotaExceeded)
    settle(scenario, "task-1", {})
    assert line(scenario, "tasks.active").exceeded
    settle(scenario, "task-2", {})
    assert not line(scenario, "tasks.active").exceeded
    assert not line(scenario, "tasks.active").warned


def test_a_soft_limit_only_reports() -> None:
    scenario = tenant_with(limit("tokens.input", 10, "day", hard=False))
    assert reserve(scenario, "task-1", {"tokens.input": 11}) is None
    scenario.recorded(QuotaReserved, QuotaExceeded, QuotaThresholdCrossed)
    assert not scenario.fact(QuotaExceeded).hard
    assert reserve(scenario, "task-2", {"tokens.input": 11}) is None
    scenario.recorded(QuotaReserved)


def test_a_dimension_without_a_limit_is_unlimited() -> None:
    scenario = tenant_with(TASKS)
    assert reserve(scenario, "task-1", {"tokens.output": RESERVATION_MAX}) is None
    scenario.recorded(QuotaReserved)


def test_a_tenant_without_an_edition_is_unlimited() -> None:
    scenario = Scenario(tenant="system")
    assert reserve(scenario, "task-1", {"tokens.input": 1}) is None
    assert settle(scenario, "task-1", {"tokens.input": 1})[0].__class__ is QuotaSettled


def test_a_reservation_id_is_used_once() -> None:
    scenario = tenant_with(TASKS)
    assert reserve(scenario, "task-1", {"tasks.active": 1}) is None
    refused = reserve(scenario, "task-1", {"tasks.active": 1})
    assert refused is not None
    assert refused.code == "ALREADY_EXISTS"
    scenario.recorded()


def test_more_than_can_be_counted_is_refused() -> None:
    refused = reserve(tenant_with(), "task-1", {"tokens.input": RESERVATION_MAX + 1})
    assert refused is not None
    assert (refused.code, refused.field) == ("LIMIT_EXCEEDED", "tokens.input")


def test_a_negative_amount_is_a_defect() -> None:
    with pytest.raises(AssertionError, match="negative"):
        reserve(tenant_with(TASKS), "task-1", {"tasks.active": -1})


# -- shortage ----------------------------------------------------------------------------------------
def test_a_look_tells_what_stands_against_it_and_records_nothing() -> None:
    scenario = tenant_with(TASKS, TOKENS)
    assert reserve(scenario, "task-1", {"tokens.input": 900}) is None
    decision = scenario.decide()
    short = tenancy.shortage(decision, {"tasks.active": 1, "tokens.input": 101}, None)
    assert short == tenancy.Shortage("tokens.input", 1000, 0, 900, 101, TENANT_LEDGER)
    assert tenancy.shortage(decision, {"tokens.input": 100}, None) is None
    assert decision.recorded == []


def test_a_look_sees_the_window_of_its_instant() -> None:
    scenario = tenant_with(TOKENS)
    assert reserve(scenario, "task-1", {"tokens.input": 1000}) is None
    scenario.at += DAY
    assert tenancy.shortage(scenario.decide(), {"tokens.input": 1000}, None) is None


def test_soft_limits_stand_against_nothing() -> None:
    scenario = tenant_with(limit("tokens.input", 10, "day", hard=False))
    assert tenancy.shortage(scenario.decide(), {"tokens.input": 11}, None) is None


# -- settle, release, meter --------------------------------------------------------------------------
def test_the_true_amount_takes_the_place_of_the_reserved_one() -> None:
    scenario = tenant_with(TASKS, TOKENS)
    assert reserve(scenario, "task-1", {"tasks.active": 1, "tokens.input": 400}) is None
    assert settle(scenario, "task-1", {"tokens.input": 250}) == [
        QuotaSettled(
            ledger_id=TENANT_LEDGER,
            reservation_id=ReservationId("task-1"),
            reserved=(
                QuotaAmount(dimension="tasks.active", amount=1),
                QuotaAmount(dimension="tokens.input", amount=400),
            ),
            actual=(QuotaUse(dimension="tokens.input", amount=250),),
        )
    ]
    assert counts(scenario, "tasks.active") == (0, 0)
    assert counts(scenario, "tokens.input") == (250, 0)


def test_a_reservation_ends_once() -> None:
    scenario = tenant_with(TOKENS)
    assert reserve(scenario, "task-1", {"tokens.input": 400}) is None
    settle(scenario, "task-1", {"tokens.input": 400})
    assert settle(scenario, "task-1", {"tokens.input": 400}) == []
    tenancy.release(scenario.decide(), ReservationId("task-1"), "again")
    scenario.recorded()
    assert counts(scenario, "tokens.input") == (400, 0)


def test_a_release_gives_everything_back() -> None:
    scenario = tenant_with(TOKENS)
    assert reserve(scenario, "task-1", {"tokens.input": 400}) is None
    tenancy.release(scenario.decide(), ReservationId("task-1"), "cancelled")
    scenario.recorded(
        QuotaReleased(
            ledger_id=TENANT_LEDGER,
            reservation_id=ReservationId("task-1"),
            amounts=(QuotaAmount(dimension="tokens.input", amount=400),),
            reason="cancelled",
        )
    )
    assert counts(scenario, "tokens.input") == (0, 0)


def test_usage_without_a_reservation_counts() -> None:
    scenario = tenant_with(TOKENS)
    tenancy.meter(scenario.decide(), {"tokens.input": 70}, None, "a stale result")
    scenario.recorded(
        QuotaSettled(
            ledger_id=TENANT_LEDGER,
            reserved=(),
            actual=(QuotaUse(dimension="tokens.input", amount=70),),
            reason="a stale result",
        )
    )
    assert counts(scenario, "tokens.input") == (70, 0)


def test_no_usage_is_no_fact() -> None:
    scenario = tenant_with(TOKENS)
    tenancy.meter(scenario.decide(), {"tokens.input": 0}, None, "a stale result")
    scenario.recorded()


def test_usage_beyond_the_limit_is_an_overrun_and_blocks_the_next_admission() -> None:
    scenario = tenant_with(TOKENS)
    assert reserve(scenario, "task-1", {"tokens.input": 900}) is None
    settle(scenario, "task-1", {"tokens.input": 1100})
    overrun = scenario.fact(QuotaOverrun)
    assert (overrun.used, overrun.reserved, overrun.limit, overrun.excess) == (1100, 0, 1000, 100)
    assert overrun.reservation_id == "task-1"
    assert reserve(scenario, "task-2", {"tokens.input": 1}) is not None


def test_more_than_reserved_within_the_limit_is_no_overrun() -> None:
    scenario = tenant_with(limit("tokens.input", 1000, "day"))
    assert reserve(scenario, "task-1", {"tokens.input": 400}) is None
    settle(scenario, "task-1", {"tokens.input": 900})
    scenario.recorded(QuotaSettled)


def test_metered_usage_beyond_the_limit_is_an_overrun() -> None:
    scenario = tenant_with(TOKENS)
    tenancy.meter(scenario.decide(), {"tokens.input": 1001}, None, "a stale result")
    assert scenario.fact(QuotaOverrun).reservation_id is None


def test_a_count_stands_still_where_an_avro_long_would_end() -> None:
    scenario = tenant_with(TOKENS)
    for _ in range(3):
        tenancy.meter(scenario.decide(), {"tokens.input": 2**63 - 1}, None, "a stale result")
    assert counts(scenario, "tokens.input") == (AMOUNT_MAX, 0)


# -- warnings ----------------------------------------------------------------------------------------
def test_the_warning_level_is_reported_once_a_window() -> None:
    scenario = tenant_with(limit("tokens.input", 1000, "day", warn=80))
    assert reserve(scenario, "task-1", {"tokens.input": 799}) is None
    scenario.recorded(QuotaReserved)
    settle(scenario, "task-1", {"tokens.input": 800})
    scenario.recorded(QuotaSettled, QuotaThresholdCrossed)
    crossed = scenario.fact(QuotaThresholdCrossed)
    assert (crossed.used, crossed.limit, crossed.warn_at_percent) == (800, 1000, 80)
    assert reserve(scenario, "task-2", {"tokens.input": 100}) is None
    scenario.recorded(QuotaReserved)
    scenario.at += DAY
    assert reserve(scenario, "task-3", {"tokens.input": 800}) is None
    scenario.recorded(QuotaReset, QuotaReserved, QuotaThresholdCrossed)


# -- windows -----------------------------------------------------------------------------------------
def test_a_new_window_begins_where_work_first_meets_it() -> None:
    scenario = tenant_with(TASKS, TOKENS, COST)
    assert reserve(scenario, "task-1", {"tokens.input": 1000}) is None
    settle(scenario, "task-1", {"tokens.input": 1000})
    scenario.at += DAY
    assert reserve(scenario, "task-2", {"tokens.input": 999}) is None
    scenario.recorded(QuotaReset, QuotaReserved)
    (closed,) = scenario.fact(QuotaReset).lines
    assert (closed.dimension, closed.used, closed.reserved) == ("tokens.input", 1000, 0)
    assert closed.next_window_start == closed.window_start + DAY == START + DAY
    assert counts(scenario, "tokens.input") == (0, 999)


def test_a_reservation_is_settled_in_its_own_window() -> None:
    scenario = tenant_with(TOKENS)
    assert reserve(scenario, "task-1", {"tokens.input": 900}) is None
    scenario.at += DAY
    assert reserve(scenario, "task-2", {"tokens.input": 900}) is None
    assert counts(scenario, "tokens.input") == (0, 900)
    settle(scenario, "task-1", {"tokens.input": 800})
    scenario.recorded(QuotaSettled)
    assert counts(scenario, "tokens.input") == (0, 900)
    assert line(scenario, "tokens.input").closed == ()


def test_an_overrun_is_found_in_a_closed_window_against_its_own_limit() -> None:
    scenario = tenant_with(TOKENS)
    assert reserve(scenario, "task-1", {"tokens.input": 500}) is None
    assert reserve(scenario, "task-2", {"tokens.input": 500}) is None
    scenario.at += DAY
    settle(scenario, "task-1", {"tokens.input": 501})
    scenario.recorded(QuotaReset, QuotaSettled, QuotaOverrun)
    overrun = scenario.fact(QuotaOverrun)
    assert (overrun.window_start, overrun.used, overrun.reserved) == (START, 501, 500)
    assert [window.reserved for window in line(scenario, "tokens.input").closed] == [500]
    scenario.given(override("tokens.input", "day", 1))
    settle(scenario, "task-2", {"tokens.input": 499})
    scenario.recorded(QuotaSettled)
    assert line(scenario, "tokens.input").closed == ()


def test_a_release_after_the_edge_frees_its_own_window() -> None:
    scenario = tenant_with(TOKENS)
    assert reserve(scenario, "task-1", {"tokens.input": 500}) is None
    scenario.at += 40 * DAY
    tenancy.release(scenario.decide(), ReservationId("task-1"), "expired")
    scenario.recorded(QuotaReset, QuotaReleased)
    assert counts(scenario, "tokens.input") == (0, 0)
    assert line(scenario, "tokens.input").closed == ()


def test_a_ledger_that_refused_waits_for_the_edge() -> None:
    scenario = tenant_with(TOKENS)
    ledger = scenario.tables.get(QuotaLedger, TENANT_LEDGER)
    assert ledger is not None
    assert ledger.waits_until is None
    assert reserve(scenario, "task-1", {"tokens.input": 1000}) is None
    assert reserve(scenario, "task-2", {"tokens.input": 1}) is not None
    scenario.when_timer(QuotaLedger, TENANT_LEDGER).then(QuotaReset)
    assert scenario.at == START + DAY
    assert scenario.decision is not None
    assert scenario.decision.recorded[0].meta.actor_type == "system"
    ledger = scenario.tables.get(QuotaLedger, TENANT_LEDGER)
    assert ledger is not None
    assert ledger.waits_until is None
    assert reserve(scenario, "task-2", {"tokens.input": 1}) is None


def test_a_limit_without_a_window_waits_for_no_edge() -> None:
    scenario = tenant_with(TASKS)
    assert reserve(scenario, "task-1", {"tasks.active": 4}) is not None
    ledger = scenario.tables.get(QuotaLedger, TENANT_LEDGER)
    assert ledger is not None
    assert ledger.waits_until is None


def test_a_soft_limit_that_was_exceeded_waits_for_no_edge() -> None:
    scenario = tenant_with(limit("tokens.input", 10, "day", hard=False))
    assert reserve(scenario, "task-1", {"tokens.input": 11}) is None
    ledger = scenario.tables.get(QuotaLedger, TENANT_LEDGER)
    assert ledger is not None
    assert ledger.waits_until is None


# -- limits that change ------------------------------------------------------------------------------
def test_a_lowered_limit_holds_for_admissions_from_then_on() -> None:
    scenario = tenant_with(TOKENS)
    assert reserve(scenario, "task-1", {"tokens.input": 800}) is None
    scenario.given(override("tokens.input", "day", 500))
    assert counts(scenario, "tokens.input") == (0, 800)
    assert reserve(scenario, "task-2", {"tokens.input": 1}) is not None
    settle(scenario, "task-1", {"tokens.input": 700})
    scenario.recorded(QuotaSettled, QuotaThresholdCrossed)
    assert reserve(scenario, "task-2", {"tokens.input": 1}) is not None


def test_a_raised_limit_lets_work_in_and_may_be_reported_again() -> None:
    scenario = tenant_with(TOKENS)
    assert reserve(scenario, "task-1", {"tokens.input": 1001}) is not None
    scenario.given(override("tokens.input", "day", 1100))
    assert reserve(scenario, "task-1", {"tokens.input": 1001}) is None
    assert reserve(scenario, "task-2", {"tokens.input": 1001}) is not None
    scenario.recorded(QuotaExceeded)


def test_a_new_limit_begins_with_what_is_reserved_in_its_window() -> None:
    scenario = tenant_with()
    assert reserve(scenario, "task-1", {"tasks.active": 1, "tokens.input": 10}) is None
    scenario.at += DAY
    assert reserve(scenario, "task-2", {"tasks.active": 1, "tokens.input": 20}) is None
    scenario.given(override("tasks.active", "none", 2), override("tokens.input", "day", 50))
    assert counts(scenario, "tasks.active") == (0, 2)
    assert counts(scenario, "tokens.input") == (0, 20)
    settle(scenario, "task-1", {"tokens.input": 99})
    scenario.recorded(QuotaSettled)
    assert counts(scenario, "tasks.active") == (0, 1)
    assert counts(scenario, "tokens.input") == (0, 20)


# -- projects ----------------------------------------------------------------------------------------
def test_a_project_with_limits_is_charged_beside_the_tenant() -> None:
    scenario = tenant_with(TOKENS).given(override("tokens.input", "day", 300, PROJECT))
    assert reserve(scenario, "task-1", {"tokens.input": 300}, PROJECT) is None
    assert counts(scenario, "tokens.input", PROJECT) == (0, 300)
    assert counts(scenario, "tokens.input") == (0, 300)
    refused = reserve(scenario, "task-2", {"tokens.input": 1}, PROJECT)
    assert refused is not None
    assert PROJECT in refused.rule
    exceeded = scenario.fact(QuotaExceeded)
    assert (exceeded.ledger_id, exceeded.project_id) == (LedgerId(PROJECT), PROJECT)
    short = tenancy.shortage(scenario.decide(), {"tokens.input": 1}, PROJECT)
    assert short is not None
    assert short.scope == LedgerId(PROJECT)
    assert reserve(scenario, "task-2", {"tokens.input": 1}) is None
    settle(scenario, "task-1", {"tokens.input": 250})
    assert counts(scenario, "tokens.input", PROJECT) == (250, 0)


def test_both_ledgers_meet_the_edge() -> None:
    scenario = tenant_with(TOKENS).given(override("tokens.input", "day", 300, PROJECT))
    scenario.at += DAY
    assert reserve(scenario, "task-1", {"tokens.input": 300}, PROJECT) is None
    scenario.recorded(QuotaReset, QuotaReset, QuotaReserved, QuotaThresholdCrossed)


def test_a_limit_set_later_begins_with_the_projects_own_reservations() -> None:
    scenario = tenant_with(TOKENS)
    assert reserve(scenario, "task-1", {"tokens.input": 100}, PROJECT) is None
    assert reserve(scenario, "task-2", {"tokens.input": 200}) is None
    scenario.given(override("tokens.input", "day", 300, PROJECT))
    assert counts(scenario, "tokens.input", PROJECT) == (0, 100)
    settle(scenario, "task-1", {"tokens.input": 100})
    assert counts(scenario, "tokens.input", PROJECT) == (100, 0)
