"""CompleteAgentTask: a result is accepted, corrected, or recorded as stale."""

import pytest
from msgspec.structs import replace

from schemas.messages.agents.facts import SkillVersionPublished
from schemas.messages.artifacts.facts import ArtifactCreated
from schemas.messages.costs.facts import UsageRecorded
from schemas.messages.tenancy.facts import QuotaSettled
from schemas.messages.workflow import facts
from schemas.messages.workflow.commands import ValidationReport
from schemas.messages.workflow.state import AgentTask, HeldReservation, WorkflowStep
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, agent_task, given, steps
from tests.unit.workflow.world import (
    INSTANCE,
    OTHER_AGENT,
    OTHER_EXECUTION,
    UNKNOWN_TASK,
    act,
    artifact,
    assignment_of,
    call,
    catalogue,
    claim,
    complete,
    names,
    start,
    suspended,
)


def assigned(**with_: object) -> Scenario:
    return act(
        given(steps(first=agent_task(1, **with_), second=agent_task("${ context.first.value }"))),
        start(NAME),
    )


def test_a_good_result_ends_its_step_and_the_next_one_begins() -> None:
    scenario = assigned()
    act(scenario, complete(assignment_of(scenario), '{"value":2}', model_invocations=(call(),)))
    assert names(scenario) == [
        "AgentTaskCompleted",
        "UsageRecorded",
        "QuotaSettled",
        "PolicyDecisionRecorded",
        "QuotaReserved",
        "AgentTaskAssigned",
    ]
    assert assignment_of(scenario).inputs == '{"value":2}'


def test_what_was_spent_takes_the_place_of_what_was_reserved() -> None:
    scenario = assigned()
    act(scenario, complete(assignment_of(scenario), model_invocations=(call(),)))
    settled = scenario.fact(QuotaSettled)
    actual = {use.dimension: use.amount for use in settled.actual}
    assert (actual["tokens.input"], actual["tokens.output"]) == (100, 10)
    assert actual["cost.amount"] == scenario.fact(UsageRecorded).total_cost
    assert "tasks.active" not in actual


def test_usage_names_the_fact_and_the_task_it_comes_from() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    act(scenario, complete(task, model_invocations=(call(),)))
    usage = scenario.fact(UsageRecorded)
    completed = next(m for f, m in scenario.history if isinstance(f, facts.AgentTaskCompleted))
    assert usage.source_event_id == completed.event_id
    meta = next(m for f, m in scenario.history if isinstance(f, QuotaSettled))
    assert meta.scope.task_id == task.task_id


def test_the_last_result_ends_the_workflow() -> None:
    scenario = assigned()
    act(scenario, complete(assignment_of(scenario), '{"value":2}'))
    act(scenario, complete(assignment_of(scenario), '{"value":3}'))
    assert scenario.fact(facts.WorkflowInstanceCompleted).output == '{"value":3}'
    assert names(scenario)[-1] == "QuotaReleased"


def test_artifacts_are_registered_with_their_lineage() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    act(scenario, complete(task, output_artifacts=(artifact(),)))
    created = scenario.fact(ArtifactCreated)
    assert created.name == "report"
    assert {edge.edge_type for edge in created.edges} >= {"PRODUCED_BY", "DECIDED_BY", "PART_OF"}


def test_a_result_after_a_claim_needs_the_same_execution() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    act(scenario, claim(task))
    act(scenario, complete(task, execution_id=OTHER_EXECUTION)).refused("STALE_LEASE")
    scenario.recorded(facts.StaleResultRecorded)
    act(scenario, complete(task))
    assert scenario.rejection is None


def test_a_result_under_another_token_counts_nothing() -> None:
    scenario = assigned()
    command = complete(assignment_of(scenario), lease_token="f" * 64, model_invocations=(call(),))
    act(scenario, command).refused("STALE_LEASE", "leaseToken")
    scenario.recorded(facts.StaleResultRecorded)


def test_a_late_result_in_its_grace_settles_the_held_reservation_with_the_truth() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    scenario.when_timer(AgentTask, task.task_id)
    act(scenario, complete(task, model_invocations=(call(),))).refused("STALE_LEASE")
    scenario.recorded(facts.StaleResultRecorded, UsageRecorded, QuotaSettled)
    assert scenario.fact(QuotaSettled).reservation_id == f"task/{task.task_id}/1"
    assert scenario.tables.get(HeldReservation, f"task/{task.task_id}/1") is None


def test_a_late_result_after_its_grace_is_metered_as_usage() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    scenario.when_timer(AgentTask, task.task_id)
    scenario.when_timer(HeldReservation, f"task/{task.task_id}/1")
    act(scenario, complete(task, model_invocations=(call(),))).refused("STALE_LEASE")
    assert scenario.fact(QuotaSettled).reservation_id is None


def test_the_same_result_twice_is_stale_and_metered_once() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    act(scenario, complete(task, model_invocations=(call(),)))
    act(scenario, complete(task, model_invocations=(call(),))).refused("STALE_LEASE")
    scenario.recorded(facts.StaleResultRecorded)


@pytest.mark.parametrize(
    "wrong",
    [
        {"output": '{"value":"text"}'},
        {"output": "no json"},
        {"validation": ValidationReport(passed=False, findings=("naming is wrong",))},
        {"validation": ValidationReport(passed=False)},
        {"output_artifacts": (artifact("../../etc/passwd"),)},
        {
            "input_artifact_ids": ("art-00000000-0000-4000-8000-000000000001",),
            "output_artifacts": (artifact(),),
        },
    ],
)
def test_a_result_that_is_not_acceptable_is_corrected(wrong: dict[str, object]) -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    act(scenario, complete(task, **wrong))
    assert scenario.rejection is None
    assert names(scenario) == [
        "ValidationFailed",
        "QuotaSettled",
        "AgentTaskFailed",
        "CorrectionAttempted",
        "PolicyDecisionRecorded",
        "QuotaReserved",
        "AgentTaskAssigned",
    ]
    again = assignment_of(scenario)
    assert (again.task_id, again.attempt, again.correction) == (task.task_id, 2, 1)
    assert again.findings == scenario.fact(facts.ValidationFailed).findings != ()


def test_a_model_that_the_policy_does_not_allow_is_told_and_corrected() -> None:
    scenario = assigned()
    command = complete(assignment_of(scenario), model_invocations=(call(1, "reference-large"),))
    act(scenario, command)
    assert names(scenario)[:3] == ["ModelPolicyBreached", "ValidationFailed", "UsageRecorded"]


def test_a_corrected_result_ends_the_step() -> None:
    scenario = assigned()
    act(scenario, complete(assignment_of(scenario), "[]"))
    act(scenario, complete(assignment_of(scenario), '{"value":2}'))
    assert scenario.fact(facts.AgentTaskCompleted).attempt == 2


def test_when_the_corrections_are_used_up_a_person_is_asked() -> None:
    scenario = assigned(maxCorrectionAttempts=1)
    act(scenario, complete(assignment_of(scenario), "[]"))
    act(scenario, complete(assignment_of(scenario), "[]"))
    assert names(scenario) == [
        "ValidationFailed",
        "QuotaSettled",
        "AgentTaskFailed",
        "WorkflowStepFailed",
        "WorkflowInstanceEscalated",
    ]
    escalated = scenario.fact(facts.WorkflowInstanceEscalated)
    assert (escalated.cause, escalated.choices) == ("validation", ("retry", "skip", "cancel"))


def test_the_step_s_output_is_shaped_as_the_definition_says() -> None:
    shaped = agent_task(1, task={"output": {"as": "${ output.value }"}})
    scenario = act(given(steps(only=shaped)), start(NAME))
    act(scenario, complete(assignment_of(scenario), '{"value":7}'))
    assert scenario.fact(facts.AgentTaskCompleted).output == "7"
    step = scenario.tables.get(WorkflowStep, f"{INSTANCE}/do/0")
    assert step is not None
    assert step.output == "7"


def test_an_output_that_cannot_be_shaped_fails_the_step() -> None:
    shaped = agent_task(1, task={"output": {"as": "${ output.missing }"}})
    scenario = act(given(steps(only=shaped)), start(NAME))
    act(scenario, complete(assignment_of(scenario), '{"value":7}'))
    assert names(scenario)[0] == "AgentTaskFailed"
    assert scenario.fact(facts.WorkflowInstanceEscalated).cause == "expression"


def test_a_result_for_an_attempt_that_never_was_counts_nothing() -> None:
    scenario = assigned()
    command = complete(assignment_of(scenario), attempt=7, model_invocations=(call(),))
    act(scenario, command).refused("STALE_LEASE")
    scenario.recorded(facts.StaleResultRecorded)


def test_an_output_beyond_the_bound_is_corrected() -> None:
    scenario = given(steps(only=agent_task(1)))
    loose = next(f for f in catalogue() if isinstance(f, SkillVersionPublished))
    scenario.given_system(replace(loose, version="1.1.0", output_schema="{}"))
    act(scenario, start(NAME))
    act(scenario, complete(assignment_of(scenario), '"' + "é" * 150_000 + '"'))
    assert "200000" in scenario.fact(facts.ValidationFailed).findings[0]


def test_an_unknown_task_is_not_found() -> None:
    scenario = assigned()
    command = complete(assignment_of(scenario), task_id=UNKNOWN_TASK)
    act(scenario, command).refused("NOT_FOUND", "taskId")


def test_an_agent_that_may_not_take_the_task_cannot_end_it_either() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    act(scenario, complete(task, agent_id="ConnectSoft.Agent.Nobody")).refused("NOT_FOUND")
    act(scenario, complete(task, agent_id=OTHER_AGENT)).refused("FORBIDDEN")
    assert scenario.facts == []


def test_results_of_a_suspended_tenant_are_taken_in_and_its_next_step_waits() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    scenario.given(suspended())
    act(scenario, complete(task))
    assert names(scenario) == ["AgentTaskCompleted", "QuotaSettled", "WorkflowInstanceBlocked"]
    assert scenario.fact(facts.WorkflowInstanceBlocked).reason == "suspended"
