"""Eight planted corruptions, each found with the place named; and a sound log in which nothing is."""

import pytest

from query.verify.journal import Journal, Sent
from query.verify.views import Sum
from schemas.codec import decode_envelope
from schemas.messages.runtime.messages import CommandRepeated
from schemas.messages.workflow.commands import StartWorkflow
from tests.unit.query.corruption import (
    TrueAnswers,
    Wrong,
    at,
    findings,
    instead,
    without,
)
from tests.unit.query.recorded import Recorded, changed, uid
from tests.unit.query.story import (
    LIMITS,
    finish,
    names,
    provision,
    reserved,
    start,
    story,
)
from topics.partition import partition_of


@pytest.fixture
def log() -> Recorded:
    """Give the story of two tenants on two partitions."""
    assert partition_of("acme") != partition_of("globex")
    return story("acme", "globex")


def codes(found: list) -> set[str]:  # type: ignore[type-arg]
    return {one.code for one in found}


def test_a_sound_log_has_no_finding(log: Recorded) -> None:
    assert findings(log, answers=TrueAnswers(log)) == []


def test_a_dropped_fact_is_found_where_it_is_missing(log: Recorded) -> None:
    dropped = at(log, "AgentTaskAssigned")
    found = findings(log, without(log, dropped))
    missing = decode_envelope(dropped.value).sequence
    following = at(log, "AgentTaskClaimed")
    assert any(
        one.code == "SEQUENCE_MISSING"
        and one.position == str(following.position)
        and f"sequence {missing} " in one.sentence
        for one in found
    )
    assert "OUTCOME_INCOMPLETE" in codes(found)


def test_the_last_fact_dropped_is_found_by_its_outcome(log: Recorded) -> None:
    dropped = at(log, "CommandRejected")
    command = next(
        raw
        for raw in log.raws
        if raw.position.topic == "cp.commands.v1"
        and decode_envelope(raw.value).event_id == decode_envelope(dropped.value).causation_id
    )
    found = findings(log, without(log, dropped))
    assert [(one.code, one.position) for one in found] == [("NO_OUTCOME", str(command.position))]


@pytest.mark.parametrize(
    "fields", [{"payload": b"\x00"}, {"actor_id": "user:mallory"}, {"occurred_at": 0}]
)
def test_an_altered_fact_is_found_at_its_place(log: Recorded, fields: dict[str, object]) -> None:
    raw = at(log, "ProjectCreated")
    found = findings(log, instead(log, raw, changed(raw, **fields)))
    assert any(
        one.code in {"CHAIN_BROKEN", "UNREADABLE"} and one.position == str(raw.position)
        for one in found
    )


def test_every_byte_of_a_fact_matters(log: Recorded) -> None:
    raw = at(log, "TenantActivated")
    assert raw.value is not None
    for index in range(len(raw.value)):
        value = bytearray(raw.value)
        value[index] ^= 1
        found = findings(log, instead(log, raw, raw._replace(value=bytes(value))))
        assert found, f"byte {index}"


def test_a_doubled_fact_is_found_at_the_second_place(log: Recorded) -> None:
    raw = at(log, "UsageRecorded")
    again = log.put(raw.position.topic, raw.position.partition, raw.value, raw.key)
    found = findings(log)
    assert {"EVENT_DOUBLED", "SEQUENCE_DOUBLED"} <= codes(found)
    assert all(one.position == str(again.position) for one in found if one.code == "EVENT_DOUBLED")


def test_swapped_facts_are_found_at_the_later_place(log: Recorded) -> None:
    first, second = at(log, "QuotaReserved"), at(log, "QuotaReserved", number=1)
    assert first.position.topic == second.position.topic
    swapped = [
        second._replace(position=first.position)
        if one is first
        else first._replace(position=second.position)
        if one is second
        else one
        for one in log.raws
    ]
    found = findings(log, swapped)
    assert ("OUT_OF_ORDER", str(second.position)) in [(one.code, one.position) for one in found]


def test_an_admission_over_quota_is_found_at_its_place(log: Recorded) -> None:
    command = StartWorkflow(
        workflow_instance_id=f"wf-{uid('over')}",
        definition_name="plan",
        definition_version="1.0.0",
        input="{}",
    )
    [over] = log.decide("acme", command, reserved("over/1", cost_amount=LIMITS["cost.amount"]))
    found = findings(log)
    assert [(one.code, one.position) for one in found] == [("OVER_QUOTA", str(over.position))]
    assert str(LIMITS["cost.amount"]) in found[0].sentence


def test_a_missing_settlement_is_found_where_the_task_ended(log: Recorded) -> None:
    dropped = at(log, "QuotaSettled")
    found = findings(log, without(log, dropped))
    completed = at(log, "AgentTaskCompleted")
    assert ("NO_SETTLEMENT", str(completed.position)) in [(o.code, o.position) for o in found]


def test_a_record_of_another_tenant_is_found_at_its_place(log: Recorded) -> None:
    raw = at(log, "ProjectCreated")
    found = findings(log, instead(log, raw, changed(raw, tenant_id="globex")))
    wrong = [one for one in found if one.code == "WRONG_TENANT"]
    assert {one.position for one in wrong} == {str(raw.position)}


def test_a_wrong_rollup_is_found_at_the_first_fact_of_its_group(log: Recorded) -> None:
    def one_micro_more(rollup):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        group, told = next(iter(rollup.items()))
        return {**rollup, group: Sum(told.quantity, told.cost_micros + 1)}

    found = findings(log, answers=Wrong(TrueAnswers(log), rollup=one_micro_more))
    usage = {str(at(log, "UsageRecorded", tenant).position) for tenant in ("acme", "globex")}
    assert codes(found) == {"ROLLUP_DIFFERS"}
    assert {one.position for one in found} == usage


def test_rows_that_the_views_lack_or_hold_wrongly_are_found(log: Recorded) -> None:
    true = TrueAnswers(log)
    missing = findings(log, answers=Wrong(true, rows=lambda rows: rows[1:]))
    assert codes(missing) == {"ROW_MISSING"}
    other = findings(
        log, answers=Wrong(true, rows=lambda rows: [rows[0]._replace(event_id="evt-x"), *rows[1:]])
    )
    assert codes(other) == {"ROW_DIFFERS"}
    extra = findings(
        log, answers=Wrong(true, rows=lambda rows: [*rows, rows[0]._replace(sequence=99)])
    )
    assert codes(extra) == {"ROW_EXTRA"}
    twice = findings(log, answers=Wrong(true, rows=lambda rows: [*rows, rows[0]]))
    assert codes(twice) == {"ROW_DOUBLED"}


def test_an_assignment_without_decision_or_reservation_is_found() -> None:
    log = story("acme")
    raw = at(log, "PolicyDecisionRecorded")
    assigned = at(log, "AgentTaskAssigned")
    found = findings(log, without(log, raw))
    assert ("NO_DECISION", str(assigned.position)) in [(o.code, o.position) for o in found]
    found = findings(log, without(log, at(log, "QuotaReserved", number=1)))
    assert ("NO_RESERVATION", str(assigned.position)) in [(o.code, o.position) for o in found]


def test_a_live_task_owes_no_settlement() -> None:
    log = Recorded()
    provision(log, "acme")
    start(log, "acme")
    assert findings(log) == []


def test_many_workflows_within_the_limit_are_sound() -> None:
    log = Recorded()
    provision(log, "acme")
    for number in range(1, 40):
        start(log, "acme", number)
        finish(log, "acme", number)
    assert findings(log, answers=TrueAnswers(log)) == []


def test_a_command_that_came_again_has_one_end(log: Recorded) -> None:
    first = next(raw for raw in log.raws if raw.position.topic == "cp.commands.v1")
    envelope = decode_envelope(first.value)
    again = log.put(first.position.topic, first.position.partition, first.value, first.key)
    assert codes(findings(log)) == {"NO_OUTCOME"}
    repeat = CommandRepeated(
        command_id=envelope.event_id, command_type=envelope.event_type, first_sequence=1
    )
    log.message(envelope, repeat, again)
    assert findings(log) == []
    log.message(envelope, repeat, again)
    assert codes(findings(log)) == {"TWO_OUTCOMES"}


def test_what_the_workers_have_not_decided_yet_is_not_judged(log: Recorded) -> None:
    waiting = StartWorkflow(
        workflow_instance_id=names("acme", 9)["wf"],
        definition_name="plan",
        definition_version="1.0.0",
        input="{}",
    )
    command = log.command("acme", waiting)
    assert codes(findings(log)) == {"NO_OUTCOME"}
    log.offsets["cp.commands.v1", partition_of("acme")] -= 1
    assert findings(log) == []
    assert command.event_id


def test_a_journal_names_what_never_came_in(log: Recorded) -> None:
    commands = [
        decode_envelope(raw.value)
        for raw in log.raws
        if raw.position.topic in {"cp.commands.v1", "cp.agent-mesh.results.v1"}
    ]
    sent = [
        Sent(line, one.event_id, one.tenant_id, one.event_type)
        for line, one in enumerate(commands, start=1)
    ]
    assert findings(log, journal=Journal(sent)) == []
    lost = Sent(99, "cmd-lost", "acme", "StartWorkflow")
    found = findings(log, journal=Journal([*sent, lost]))
    assert [(one.code, one.position) for one in found] == [("COMMAND_LOST", "journal:99")]


def test_only_a_command_of_unknown_fate_may_be_missing(log: Recorded) -> None:
    unknown = Sent(1, "cmd-lost", "acme", "StartWorkflow", "unknown")
    assert findings(log, journal=Journal([unknown._replace(event=""), unknown])) == []
    answered = unknown._replace(line=2, event="acknowledged")
    found = findings(log, journal=Journal([unknown, answered]))
    assert [(one.code, one.position) for one in found] == [("COMMAND_LOST", "journal:1")]
    assert "acknowledged" in found[0].sentence


def test_a_command_of_the_journal_without_an_outcome_is_found(log: Recorded) -> None:
    dropped = at(log, "CommandRejected")
    command_id = decode_envelope(dropped.value).causation_id
    assert command_id is not None
    journal = Journal([Sent(1, command_id, "acme", "PauseWorkflow")])
    found = findings(log, without(log, dropped), journal=journal)
    assert "COMMAND_UNDECIDED" in codes(found)
