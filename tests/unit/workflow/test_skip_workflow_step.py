"""SkipWorkflowStep: a person lets the workflow go on without an escalated step, where policy lets them."""

from schemas.messages.governance.facts import ApprovalGranted, ApprovalRequested
from schemas.messages.workflow import facts
from schemas.messages.workflow.commands import CancelWorkflow, SkipWorkflowStep
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, agent_task, given, steps
from tests.unit.workflow.world import (
    INSTANCE,
    OWNER,
    act,
    assignment_of,
    failing,
    happen,
    names,
    policy,
    start,
)

SKIP = SkipWorkflowStep(workflow_instance_id=INSTANCE, step_path="do/0", reason="done by hand")
ACTION = 'action == Factory::Action::"workflow-step:skip"'


def started() -> Scenario:
    return act(
        given(steps(only=agent_task(), last={"set": {"seen": "${ context.only }"}})), start(NAME)
    )


def escalated() -> Scenario:
    scenario = started()
    return act(scenario, failing(assignment_of(scenario), "validation"))


def test_the_workflow_goes_on_without_the_step() -> None:
    scenario = act(escalated(), SKIP)
    assert names(scenario) == [
        "PolicyDecisionRecorded",
        "WorkflowStepSkipped",
        "WorkflowStepCompleted",
        "WorkflowInstanceCompleted",
        "QuotaReleased",
    ]
    skipped = scenario.fact(facts.WorkflowStepSkipped)
    assert (skipped.reason, skipped.note) == ("person", "done by hand")


def test_the_output_of_a_skipped_step_is_null() -> None:
    scenario = act(escalated(), SKIP)
    assert scenario.fact(facts.WorkflowStepCompleted).output == '{"seen":null}'


def test_policy_may_deny_it() -> None:
    scenario = escalated().given(policy("no-skip", f"forbid (principal, {ACTION}, resource);"))
    act(scenario, SKIP).refused("POLICY_DENIED")
    assert names(scenario) == ["PolicyDecisionRecorded"]


def test_policy_may_ask_for_an_approval_first() -> None:
    asks = f'@id("ask") @effect("requiresApproval") forbid (principal, {ACTION}, resource);'
    scenario = escalated().given(policy("ask-skip", asks))
    act(scenario, SKIP).refused("APPROVAL_REQUIRED")
    approval_id = scenario.fact(ApprovalRequested).approval_id
    granted = ApprovalGranted(
        approval_id=approval_id, principal_id=OWNER, comment="", voters=(OWNER,)
    )
    happen(scenario, granted)
    act(scenario, SKIP, approval_id=approval_id)
    assert scenario.rejection is None


def test_an_unknown_instance_is_not_found() -> None:
    act(given(steps(only=agent_task())), SKIP).refused("NOT_FOUND", "workflowInstanceId")


def test_an_unknown_step_is_not_found() -> None:
    command = SkipWorkflowStep(workflow_instance_id=INSTANCE, step_path="do/7", reason="x")
    act(escalated(), command).refused("NOT_FOUND", "stepPath")


def test_only_an_escalation_is_answered() -> None:
    act(started(), SKIP).refused("INVALID_STATE", "stepPath")


def test_what_has_ended_goes_nowhere() -> None:
    scenario = act(escalated(), CancelWorkflow(workflow_instance_id=INSTANCE))
    act(scenario, SKIP).refused("INVALID_STATE", "workflowInstanceId")
