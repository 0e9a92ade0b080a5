"""``call: approval``: waits for people."""

from processors.workflow import status_of
from schemas.messages.governance.facts import ApprovalGranted, ApprovalRejected, ApprovalRequested
from schemas.messages.governance.state import Approval
from schemas.messages.workflow import facts
from schemas.messages.workflow.state import WorkflowStep
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, approval, given, steps
from tests.unit.workflow.driving import output_of
from tests.unit.workflow.world import INSTANCE, OPERATOR, OWNER, act, happen, names, start


def asked(**with_: object) -> Scenario:
    return act(
        given(steps(ask=approval(**with_), after={"set": {"by": "${ context.ask.voters }"}})),
        start(NAME),
    )


def granted(scenario: Scenario) -> ApprovalGranted:
    approval_id = scenario.fact(ApprovalRequested).approval_id
    return ApprovalGranted(approval_id=approval_id, principal_id=OWNER, comment="", voters=(OWNER,))


def test_it_is_asked_in_the_starter_s_name() -> None:
    scenario = asked(quorum=2, title="${ 'Release ' + input.what + '?' }")
    assert scenario.fact(facts.WorkflowInstanceEscalated).cause == "expression"
    scenario = act(given(steps(ask=approval(quorum=2))), start(NAME))
    request = scenario.fact(ApprovalRequested)
    assert (request.requested_by, request.quorum, request.title) == (OPERATOR, 2, "May it go on?")
    assert status_of(scenario.tables, INSTANCE) == "AwaitingApproval"


def test_with_the_grant_the_workflow_goes_on() -> None:
    scenario = asked()
    happen(scenario, granted(scenario))
    assert output_of(scenario) == f'{{"by":["{OWNER}"]}}'


def test_a_rejection_fails_the_instance() -> None:
    scenario = asked()
    rejected = ApprovalRejected(
        approval_id=granted(scenario).approval_id,
        reason_code="unsound",
        principal_id=OWNER,
        comment="",
    )
    happen(scenario, rejected)
    failed = scenario.fact(facts.WorkflowInstanceFailed)
    assert failed.failure_class == "rejected"
    assert "unsound" in failed.message


def test_a_rejection_may_be_caught() -> None:
    catch = {"errors": {"with": {"type": "rejected"}}, "do": steps(other={"set": {"x": 1}})}
    scenario = act(given(steps(safe={"try": steps(ask=approval()), "catch": catch})), start(NAME))
    rejected = ApprovalRejected(
        approval_id=granted(scenario).approval_id, reason_code="no", principal_id=OWNER, comment=""
    )
    happen(scenario, rejected)
    assert output_of(scenario) == '{"x":1}'


def test_an_expiry_that_rejects_fails_the_instance() -> None:
    scenario = asked(expires="PT1H")
    scenario.when_timer(Approval, granted(scenario).approval_id)
    assert "expired" in scenario.fact(facts.WorkflowInstanceFailed).message


def test_an_expiry_that_escalates_leaves_the_step_waiting() -> None:
    scenario = asked(expires="PT1H", onExpiry="escalate")
    grant = granted(scenario)
    scenario.when_timer(Approval, grant.approval_id)
    assert names(scenario) == ["ApprovalEscalated"]
    happen(scenario, grant)
    assert "WorkflowInstanceCompleted" in names(scenario)


def test_a_time_out_withdraws_the_approval() -> None:
    scenario = act(given(steps(ask=approval({"timeout": "PT5S"}))), start(NAME))
    scenario.when_timer(WorkflowStep, f"{INSTANCE}/do/0")
    assert names(scenario)[0] == "ApprovalWithdrawn"


def test_an_answer_that_nobody_waits_for_changes_nothing() -> None:
    scenario = asked()
    grant = granted(scenario)
    happen(scenario, grant)
    happen(scenario, grant)
    assert names(scenario) == ["ApprovalGranted"]
    rejected = ApprovalRejected(
        approval_id=grant.approval_id, reason_code="late", principal_id=OWNER, comment=""
    )
    happen(scenario, rejected)
    assert names(scenario) == ["ApprovalRejected"]


def test_an_output_that_cannot_be_shaped_is_a_question_to_a_person() -> None:
    scenario = act(
        given(steps(ask=approval({"output": {"as": "${ output.nothing }"}}))), start(NAME)
    )
    happen(scenario, granted(scenario))
    assert scenario.fact(facts.WorkflowInstanceEscalated).cause == "expression"
