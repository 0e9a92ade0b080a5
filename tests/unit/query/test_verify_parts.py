"""The verifier's own arithmetic and reading: windows, journals, ledgers."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import structs

from query.verify import journal as journals
from query.verify.quotas import Ledger, window_start
from query.verify.reader import _Building, _seems_half_seen
from schemas.messages.tenancy import facts as tenancy
from schemas.messages.workflow.commands import PauseWorkflow
from schemas.output import OperatorError
from tests.unit.query.corruption import findings
from tests.unit.query.recorded import START, Recorded
from tests.unit.query.story import amounts, names, provision, reserved, settled, uses
from topics.partition import partition_of

STEER = PauseWorkflow(workflow_instance_id=names("acme")["wf"])


def micros(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("window", "start"),
    [
        ("none", "1970-01-01T00:00:00"),
        ("minute", "2028-02-29T23:59:00"),
        ("hour", "2028-02-29T23:00:00"),
        ("day", "2028-02-29T00:00:00"),
        ("month", "2028-02-01T00:00:00"),
    ],
)
def test_windows_are_those_of_utc(window: str, start: str) -> None:
    assert window_start(window, micros("2028-02-29T23:59:59") + 999_999) == micros(start)


def codes(log: Recorded) -> list[str]:
    return [one.code for one in findings(log)]


def overridden(
    limit: int | None, *, hard: bool = True, window: str = "none"
) -> tenancy.QuotaOverridden:
    return tenancy.QuotaOverridden(
        ledger_id="tenant",
        dimension="cost.amount",
        window=window,  # type: ignore[arg-type]
        limit=limit,
        hard=hard,
        set_by="platform",
        reason="test",
    )


def test_a_lowered_limit_binds_from_then_on() -> None:
    log = Recorded()
    provision(log, "acme")
    log.decide("acme", STEER, reserved("a/1", cost_amount=800))
    log.decide("acme", STEER, overridden(500))
    assert codes(log) == []
    log.decide("acme", STEER, reserved("a/2", cost_amount=1))
    assert codes(log) == ["OVER_QUOTA"]


def test_a_soft_limit_is_only_reported() -> None:
    log = Recorded()
    provision(log, "acme")
    log.decide("acme", STEER, overridden(100, hard=False))
    log.decide("acme", STEER, reserved("a/1", cost_amount=500))
    assert codes(log) == []


def test_a_withdrawn_limit_binds_no_more() -> None:
    log = Recorded()
    provision(log, "acme")
    log.decide("acme", STEER, overridden(None))
    log.decide("acme", STEER, reserved("a/1", cost_amount=10**9))
    assert codes(log) == []


def test_a_settlement_counts_in_the_window_of_its_reservation() -> None:
    log = Recorded()
    provision(log, "acme")
    log.decide("acme", STEER, overridden(100, window="minute"))
    log.decide("acme", STEER, reserved("a/1", cost_amount=100))
    log.at += 60_000_000
    log.decide("acme", STEER, reserved("a/2", cost_amount=100))
    log.decide("acme", STEER, settled("a/1", amounts(cost_amount=100), uses(cost_amount=100)))
    assert codes(log) == []
    log.decide("acme", STEER, reserved("a/3", cost_amount=1))
    assert codes(log) == ["OVER_QUOTA"]


def test_an_overrun_must_be_said() -> None:
    log = Recorded()
    provision(log, "acme")
    log.decide("acme", STEER, overridden(100))
    log.decide("acme", STEER, reserved("a/1", cost_amount=100))
    over = settled("a/1", amounts(cost_amount=100), uses(cost_amount=130))
    said = tenancy.QuotaOverrun(
        ledger_id="tenant",
        dimension="cost.amount",
        window="none",
        window_start=0,
        limit=100,
        used=130,
        reserved=0,
        reservation_id="a/1",
        excess=30,
    )
    quiet = Recorded()
    provision(quiet, "acme")
    quiet.decide("acme", STEER, overridden(100))
    quiet.decide("acme", STEER, reserved("a/1", cost_amount=100))
    quiet.decide("acme", STEER, over)
    assert codes(quiet) == ["OVERRUN_UNSAID"]
    log.decide("acme", STEER, over, said)
    assert codes(log) == []


def test_what_is_given_back_must_be_what_was_held() -> None:
    log = Recorded()
    provision(log, "acme")
    log.decide("acme", STEER, reserved("a/1", cost_amount=100))
    log.decide("acme", STEER, settled("a/1", amounts(cost_amount=90), uses(cost_amount=10)))
    assert codes(log) == ["SETTLED_OTHERWISE"]


def test_a_reservation_ends_once_and_not_before_it_was_made() -> None:
    log = Recorded()
    provision(log, "acme")
    log.decide("acme", STEER, reserved("a/1", cost_amount=100))
    end = settled("a/1", amounts(cost_amount=100), uses(cost_amount=10))
    log.decide("acme", STEER, end)
    log.decide("acme", STEER, end)
    assert "TWO_SETTLEMENTS" in codes(log)
    log = Recorded()
    provision(log, "acme")
    log.decide("acme", STEER, settled("b/1", amounts(cost_amount=1), uses(cost_amount=1)))
    assert codes(log) == ["SETTLED_UNRESERVED"]


def test_a_new_limit_begins_with_what_is_open() -> None:
    ledger = Ledger()
    ledger.open["a"] = START, ("tenant",), {"cost.amount": 40}
    ledger.limit("tenant", "cost.amount", "none", 50, hard=True, source="platform")
    [line] = ledger.of(("tenant",), "cost.amount")
    assert line.counted(START) == 40


def test_time_and_causes_go_forward_only() -> None:
    log = Recorded()
    provision(log, "acme")
    first, second = log.command("acme", STEER), log.command("acme", STEER)
    log.outcome(second, reserved("a/1", cost_amount=1))
    log.at -= 10_000
    log.outcome(first, reserved("a/2", cost_amount=1))
    assert sorted(codes(log)) == ["CAUSE_OUT_OF_ORDER", "TIME_GOES_BACK"]


def entry(command_id: str) -> str:
    return json.dumps({"commandId": command_id, "tenantId": "acme", "type": "StartWorkflow"})


def test_a_torn_last_line_of_a_journal_was_not_sent(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_text(f"{entry('cmd-1')}\n{entry('cmd-2')}\n" + '{"commandId": "cm')
    assert [row.command_id for row in journals.read(path)] == ["cmd-1", "cmd-2"]


def test_a_broken_line_inside_a_journal_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_text(f"{entry('cmd-1')}\nnonsense\n{entry('cmd-2')}\n")
    with pytest.raises(OperatorError, match="Line 2"):
        journals.read(path)
    with pytest.raises(OperatorError, match="cannot be read"):
        journals.read(tmp_path / "missing")


def test_an_outcome_seen_by_half_is_completed_and_what_follows_is_left_out() -> None:
    log = Recorded()
    provision(log, "acme")
    begun = len(log.facts())
    log.decide(
        "acme",
        STEER,
        reserved("a/1", cost_amount=1),
        reserved("a/2", cost_amount=1),
        overridden(500),
    )
    whole = len(log.facts())
    log.decide("acme", STEER, reserved("a/3", cost_amount=1))
    facts = log.facts()
    building = _Building(partition_of("acme"), {})
    building.take_all(facts[: begun + 1])
    building.close()
    assert _seems_half_seen(building.log())
    building.take_all(facts[begun + 1 :])
    seen = building.log()
    assert not _seems_half_seen(seen)
    assert [entry.sequence for entry in seen.by_tenant["acme"]] == list(range(1, whole + 1))


def test_a_window_that_was_over_before_a_limit_is_not_judged_by_it() -> None:
    ledger, hour = Ledger(), 3_600_000_000
    ledger.limit("tenant", "tokens.input", "hour", 0, hard=True, source="tenant", at=START + hour)
    [line] = ledger.of(("tenant",), "tokens.input")
    assert line.limit_at(START) is None
    assert line.limit_at(START + hour) == 0
    ledger.limit("tenant", "tokens.input", "hour", 9, hard=True, source="tenant", at=START + hour)
    assert line.limit_at(START + hour) == 9
    ledger.limit("tenant", "tokens.input", "hour", 1, hard=True, source="tenant", at=START + 9 * hour)  # fmt: skip
    assert line.limit_at(START + 2 * hour) == 9


def test_a_role_s_limit_is_judged_by_what_names_the_role() -> None:
    log = Recorded()
    provision(log, "acme")
    of_role = structs.replace(overridden(500), ledger_id="role:Adder")
    log.decide("acme", STEER, of_role)
    log.decide("acme", STEER, reserved("a/1", cost_amount=501))
    assert codes(log) == []
    charged = structs.replace(reserved("a/2", cost_amount=501), agent_role="Adder")
    log.decide("acme", STEER, charged)
    assert codes(log) == ["OVER_QUOTA"]
