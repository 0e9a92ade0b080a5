"""``call: agentTask``: admission, queues, policy, expiry."""

import pytest
from msgspec.structs import replace

from processors.workflow import status_of
from schemas.ids import ApprovalId, ProjectId, TenantId
from schemas.messages.agents.facts import AgentPoolSized, AllowedModel, ModelPolicyPublished
from schemas.messages.agents.state import AgentPool
from schemas.messages.costs.facts import Price, PriceListPublished
from schemas.messages.governance.facts import ApprovalGranted, ApprovalRejected, ApprovalRequested
from schemas.messages.identity.facts import RoleRevoked
from schemas.messages.projects.facts import ProjectCreated
from schemas.messages.tenancy.facts import (
    QuotaExceeded,
    QuotaOverridden,
    QuotaSettled,
    TenantReactivated,
)
from schemas.messages.workflow import facts
from schemas.messages.workflow.state import (
    AgentTask,
    HeldReservation,
    WaitingQueue,
    WaitingStep,
    WorkflowStep,
)
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, agent_task, given, steps
from tests.unit.workflow.world import (
    INSTANCE,
    OPERATOR,
    OWNER,
    ROLE,
    act,
    assignment_of,
    complete,
    failing,
    happen,
    limit,
    names,
    policy,
    start,
    suspended,
)

ASSIGN = 'action == Factory::Action::"agent-task:assign"'
ASKS = f'@id("ask") @effect("requiresApproval") forbid (principal, {ASSIGN}, resource);'
ONE = steps(only=agent_task())


FIRST, SECOND = (ProjectId(f"proj-00000000-0000-4000-8000-{n:012d}") for n in (1, 2))


def projects() -> list[ProjectCreated]:
    return [
        ProjectCreated(
            project_id=project_id,
            name=f"project-{number}",
            intent="work",
            owner_principal_id=OWNER,
            origin="test",
        )
        for number, project_id in enumerate((FIRST, SECOND))
    ]


def project_limit(amount: int) -> QuotaOverridden:
    tenant_s = limit("tasks.active", amount)
    return replace(tenant_s, ledger_id=FIRST, project_id=FIRST)


def prices_of(unit_price: int) -> PriceListPublished:
    prices = tuple(
        Price(
            provider="reference",
            model=model,
            dimension=dimension,
            unit_quantity=1,
            unit_price=unit_price,
        )
        for model in ("reference-small", "reference-medium")
        for dimension in ("tokens.input", "tokens.output")
    )
    return PriceListPublished(name="standard", version="2.0.0", currency="USD", prices=prices)


def unpriced() -> ModelPolicyPublished:
    model = AllowedModel(provider="nobody", model="unknown", capability_class="coding")
    return ModelPolicyPublished(
        name="unpriced",
        version="1.0.0",
        models=(model,),
        call_input_tokens_max=1000,
        call_output_tokens_max=1000,
        task_input_tokens_max=1000,
        task_output_tokens_max=1000,
        classification_ceiling="Internal",
    )


def instance(number: int) -> str:
    return f"wf-00000000-0000-4000-8000-{number:012d}"


def test_without_a_free_agent_the_step_waits_and_says_so_once() -> None:
    scenario = given(ONE, capacity=1)
    act(scenario, start(NAME, instance=instance(1)))
    act(scenario, start(NAME, instance=instance(2)))
    blocked = scenario.fact(facts.WorkflowInstanceBlocked)
    assert (blocked.reason, blocked.agent_role) == ("pool", ROLE)
    assert status_of(scenario.tables, blocked.workflow_instance_id) == "Blocked"


def test_the_longest_waiting_step_goes_on_when_an_agent_is_free() -> None:
    scenario = given(ONE, capacity=1)
    act(scenario, start(NAME, instance=instance(1)))
    first = assignment_of(scenario)
    for number in (2, 3):
        act(scenario, start(NAME, instance=instance(number)))
    act(scenario, complete(first))
    assert names(scenario)[-4:] == [
        "PolicyDecisionRecorded",
        "WorkflowInstanceUnblocked",
        "QuotaReserved",
        "AgentTaskAssigned",
    ]
    assigned = scenario.fact(facts.AgentTaskAssigned)
    assert assigned.workflow_instance_id == instance(2)
    assert len(list(scenario.tables.scan(WaitingStep))) == 1


def test_the_facts_of_an_admitted_step_carry_its_own_instance_s_scope() -> None:
    scenario = given(ONE, capacity=1)
    act(scenario, start(NAME, instance=instance(1)))
    first = assignment_of(scenario)
    act(scenario, start(NAME, instance=instance(2)))
    act(scenario, complete(first))
    meta = next(m for f, m in scenario.history[::-1] if isinstance(f, facts.AgentTaskAssigned))
    assert meta.scope.workflow_instance_id == instance(2)


def test_a_higher_priority_goes_first_whoever_came_earlier() -> None:
    scenario = given(ONE, capacity=1)
    act(scenario, start(NAME, instance=instance(1)))
    first = assignment_of(scenario)
    act(scenario, start(NAME, instance=instance(2), priority=5))
    act(scenario, start(NAME, instance=instance(3), priority=1))
    act(scenario, complete(first))
    assert scenario.fact(facts.AgentTaskAssigned).workflow_instance_id == instance(3)


def test_a_step_that_follows_lets_those_first_that_wait_with_a_higher_priority() -> None:
    scenario = given(steps(first=agent_task(), second=agent_task()), capacity=1)
    act(scenario, start(NAME, instance=instance(1)))
    first = assignment_of(scenario)
    act(scenario, start(NAME, instance=instance(2), priority=1))
    act(scenario, complete(first))
    assert scenario.fact(facts.AgentTaskAssigned).workflow_instance_id == instance(2)
    assert scenario.fact(facts.WorkflowInstanceBlocked).workflow_instance_id == instance(1)


def test_a_larger_pool_lets_more_go_on() -> None:
    scenario = given(ONE, capacity=0)
    for number in (1, 2, 3):
        act(scenario, start(NAME, instance=instance(number)))
    happen(scenario, AgentPoolSized(agent_role=ROLE, capacity=2))
    assert names(scenario).count("AgentTaskAssigned") == 2
    happen(scenario, AgentPoolSized(agent_role=ROLE, capacity=3))
    assert names(scenario).count("AgentTaskAssigned") == 1
    assert list(scenario.tables.scan(WaitingQueue)) == []


def test_a_short_quota_is_named_and_its_breach_recorded_once() -> None:
    scenario = given(ONE).given(limit("tasks.active", 1))
    act(scenario, start(NAME, instance=instance(1)))
    act(scenario, start(NAME, instance=instance(2)))
    blocked = scenario.fact(facts.WorkflowInstanceBlocked)
    assert (blocked.reason, blocked.dimension) == ("quota", "tasks.active")
    assert (blocked.limit, blocked.used, blocked.wanted) == (1, 1, 1)
    assert scenario.fact(QuotaExceeded).dimension == "tasks.active"
    act(scenario, start(NAME, instance=instance(3)))
    assert "QuotaExceeded" not in names(scenario)


@pytest.mark.parametrize(
    ("dimension", "room"),
    [
        ("tasks.active", 3),
        ("tokens.input", 3_000),
        ("tokens.output", 3_999),
        ("cost.amount", 18_000),
    ],
)
def test_never_more_is_admitted_than_the_quota_holds(dimension: str, room: int) -> None:
    scenario = given(ONE, capacity=100).given(limit(dimension, room))
    for number in range(20):
        act(scenario, start(NAME, instance=instance(number)))
    running = [t for _, t in scenario.tables.scan(AgentTask)]
    assert len(running) == 3
    assert len(list(scenario.tables.scan(WaitingStep))) == 17


def test_what_needs_more_than_there_ever_is_is_a_question_to_a_person() -> None:
    scenario = given(ONE).given(limit("tokens.input", 999))
    act(scenario, start(NAME))
    escalated = scenario.fact(facts.WorkflowInstanceEscalated)
    assert (escalated.cause, "999" in escalated.message) == ("quota", True)


def test_a_limit_of_nothing_is_waited_for() -> None:
    scenario = given(ONE).given(limit("tasks.active", 0))
    act(scenario, start(NAME))
    assert scenario.fact(facts.WorkflowInstanceBlocked).dimension == "tasks.active"
    happen(scenario, limit("tasks.active", 1))
    assert "AgentTaskAssigned" in names(scenario)


def test_a_project_s_limit_holds_up_no_other_project() -> None:
    scenario = given(ONE).given(*projects(), project_limit(1))
    for number, project in ((1, FIRST), (2, FIRST), (3, SECOND)):
        act(scenario, start(NAME, instance=instance(number), project_id=project))
    assert scenario.fact(facts.AgentTaskAssigned).workflow_instance_id == instance(3)
    scenario.given(AgentPoolSized(agent_role=ROLE, capacity=2))
    act(scenario, start(NAME, instance=instance(4), project_id=SECOND))
    assert scenario.fact(facts.WorkflowInstanceBlocked).reason == "pool"
    happen(scenario, AgentPoolSized(agent_role=ROLE, capacity=10))
    assigned = scenario.fact(facts.AgentTaskAssigned)
    assert assigned.workflow_instance_id == instance(4)


def test_a_budget_that_no_reservation_may_hold_is_a_question_to_a_person() -> None:
    scenario = given(ONE).given_system(prices_of(10**15))
    act(scenario, start(NAME))
    happen(scenario, granted(scenario.fact(ApprovalRequested).approval_id))
    assert scenario.fact(facts.WorkflowInstanceEscalated).cause == "unresolved"


def test_a_model_without_a_price_is_a_question_to_a_person() -> None:
    scenario = given(steps(only=agent_task(modelPolicy="unpriced")))
    scenario.given_system(unpriced())
    act(scenario, start(NAME))
    escalated = scenario.fact(facts.WorkflowInstanceEscalated)
    assert "no price" in escalated.message


def test_an_instance_that_fails_while_another_step_of_it_begins_stops_there() -> None:
    big = agent_task("${ input.text + input.text }", priority=1)
    rest = {"do": steps(x=agent_task(1), y=agent_task(2))}
    split = {"fork": {"branches": steps(b=rest, a=big)}}
    scenario = given(steps(split=split), capacity=1)
    act(scenario, start(NAME, '{"text":"' + "x" * 120_000 + '"}'))
    act(scenario, complete(assignment_of(scenario)))
    assert scenario.fact(facts.WorkflowInstanceFailed).failure_class == "LIMIT_EXCEEDED"
    assert "AgentTaskAssigned" not in names(scenario)


def test_a_raised_limit_lets_the_waiting_go_on() -> None:
    scenario = given(ONE).given(limit("tasks.active", 1))
    for number in (1, 2, 3):
        act(scenario, start(NAME, instance=instance(number)))
    happen(scenario, limit("tasks.active", 2))
    assert names(scenario).count("AgentTaskAssigned") == 1


def test_an_event_does_not_look_at_everybody_who_waits() -> None:
    scenario = given(ONE, capacity=1)
    act(scenario, start(NAME, instance=instance(0)))
    first = assignment_of(scenario)
    for number in range(1, 50):
        act(scenario, start(NAME, instance=instance(number)))
    act(scenario, complete(first))
    assert len(names(scenario)) < 12


def test_policy_s_no_is_a_question_to_a_person() -> None:
    scenario = given(ONE).given(policy("no", f"forbid (principal, {ASSIGN}, resource);"))
    act(scenario, start(NAME))
    assert names(scenario)[-3:] == [
        "PolicyDecisionRecorded",
        "WorkflowStepFailed",
        "WorkflowInstanceEscalated",
    ]
    escalated = scenario.fact(facts.WorkflowInstanceEscalated)
    assert escalated.cause == "policy"
    assert escalated.decision_id is not None
    assert status_of(scenario.tables, INSTANCE) == "Escalated"


def test_policy_looks_at_the_rights_that_the_starter_has_now() -> None:
    scenario = act(given(steps(first=agent_task(), second=agent_task())), start(NAME))
    task = assignment_of(scenario)
    scenario.given(RoleRevoked(principal_id=OPERATOR, role="FactoryOperator", reason="left"))
    act(scenario, complete(task))
    assert scenario.fact(facts.WorkflowInstanceEscalated).cause == "policy"


def asked() -> Scenario:
    return act(given(ONE).given(policy("ask", ASKS)), start(NAME))


def granted(approval_id: ApprovalId) -> ApprovalGranted:
    return ApprovalGranted(approval_id=approval_id, principal_id=OWNER, comment="", voters=(OWNER,))


def test_an_assignment_that_needs_approval_waits_for_it() -> None:
    scenario = asked()
    request, blocked = (
        scenario.fact(ApprovalRequested),
        scenario.fact(facts.WorkflowInstanceBlocked),
    )
    assert (blocked.reason, blocked.approval_id) == ("approval", request.approval_id)
    assert request.subject_digest.hex() == blocked.subject_digest
    assert status_of(scenario.tables, INSTANCE) == "AwaitingApproval"


def test_with_the_grant_it_is_assigned_and_policy_asked_again() -> None:
    scenario = asked()
    happen(scenario, granted(scenario.fact(ApprovalRequested).approval_id))
    assert names(scenario) == [
        "ApprovalGranted",
        "WorkflowInstanceUnblocked",
        "PolicyDecisionRecorded",
        "QuotaReserved",
        "AgentTaskAssigned",
    ]


def test_a_grant_outlives_a_wait_for_an_agent() -> None:
    scenario = asked()
    request = scenario.fact(ApprovalRequested)
    scenario.given(AgentPoolSized(agent_role=ROLE, capacity=0))
    happen(scenario, granted(request.approval_id))
    assert scenario.fact(facts.WorkflowInstanceBlocked).reason == "pool"
    happen(scenario, AgentPoolSized(agent_role=ROLE, capacity=1))
    assert "AgentTaskAssigned" in names(scenario)
    assert "ApprovalRequested" not in names(scenario)


def test_a_grant_covers_one_attempt() -> None:
    scenario = asked()
    happen(scenario, granted(scenario.fact(ApprovalRequested).approval_id))
    task = assignment_of(scenario)
    scenario.when_timer(AgentTask, task.task_id)
    assert "ApprovalRequested" in names(scenario)


def test_a_rejected_assignment_is_left_to_a_person() -> None:
    scenario = asked()
    rejected = ApprovalRejected(
        approval_id=scenario.fact(ApprovalRequested).approval_id,
        reason_code="too-dear",
        principal_id=OWNER,
        comment="",
    )
    happen(scenario, rejected)
    assert scenario.fact(facts.WorkflowInstanceEscalated).cause == "policy"


def test_a_further_gate_is_asked_too() -> None:
    scenario = given(steps(only=agent_task(task={"x-gate": "code:publish"})))
    act(scenario, start(NAME))
    decided = [f for f in scenario.facts if type(f).__name__ == "PolicyDecisionRecorded"]
    assert [f.action for f in decided] == ["workflow:start", "agent-task:assign", "code:publish"]  # type: ignore[attr-defined]
    assert scenario.fact(facts.WorkflowInstanceEscalated).cause == "policy"


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        ({"modelPolicy": "missing"}, "unresolved"),
        ({"value": "text"}, "validation"),
        ({"value": "${ input.nothing }"}, "expression"),
        ({"intent": "${ 1 }"}, "expression"),
        ({"intent": "x" * 10_001}, "validation"),
    ],
)
def test_what_cannot_be_asked_for_is_a_question_to_a_person(
    wrong: dict[str, str], cause: str
) -> None:
    scenario = act(given(steps(only=agent_task(**wrong))), start(NAME))
    assert scenario.fact(facts.WorkflowInstanceEscalated).cause == cause
    assert "QuotaReserved" not in names(scenario)[3:]


def test_a_long_text_of_the_definition_is_no_expression() -> None:
    scenario = act(given(steps(only=agent_task(intent="Add one. " * 500))), start(NAME))
    assert assignment_of(scenario).intent == "Add one. " * 500


def test_a_silent_agent_loses_the_task_to_another_attempt() -> None:
    scenario = act(given(ONE), start(NAME))
    task = assignment_of(scenario)
    scenario.when_timer(AgentTask, task.task_id)
    assert names(scenario) == [
        "AgentTaskExpired",
        "PolicyDecisionRecorded",
        "QuotaReserved",
        "AgentTaskAssigned",
    ]
    again = assignment_of(scenario)
    assert (again.task_id, again.attempt) == (task.task_id, 2)
    assert again.lease_token != task.lease_token
    assert scenario.tables.get(HeldReservation, f"task/{task.task_id}/1") is not None


def test_a_guard_is_not_asked_again_once_a_task_was_made() -> None:
    guarded = agent_task(1, task={"if": "${ !has(context.late) }"})
    late = {"set": {"late": 1}}
    scenario = given(
        steps(
            split={
                "fork": {
                    "branches": steps(a=guarded, b={"do": steps(w={"wait": "PT1S"}, late=late)})
                }
            }
        )
    )
    act(scenario, start(NAME))
    task = assignment_of(scenario)
    scenario.when_timer(AgentTask, task.task_id)
    assert assignment_of(scenario).attempt == 2


def test_a_time_out_ends_a_task_that_waits_for_its_retry() -> None:
    slow = agent_task(1, task={"timeout": "PT5S"}, retry={"delay": "PT1M"})
    scenario = act(given(steps(only=slow)), start(NAME))
    task = assignment_of(scenario)
    act(scenario, failing(task))
    scenario.when_timer(WorkflowStep, f"{INSTANCE}/do/0")
    assert names(scenario) == ["WorkflowStepFailed", "WorkflowInstanceFailed", "QuotaReleased"]
    record = scenario.tables.get(AgentTask, task.task_id)
    assert record is not None
    assert (record.status, record.retry_at) == ("Failed", None)


def test_after_three_silent_attempts_a_person_is_asked() -> None:
    scenario = act(given(ONE), start(NAME))
    task = assignment_of(scenario)
    for _ in range(3):
        scenario.when_timer(AgentTask, task.task_id)
    assert scenario.fact(facts.AgentTaskExpired).again is False
    assert scenario.fact(facts.WorkflowInstanceEscalated).cause == "expired"
    pool = scenario.tables.get(AgentPool, ROLE)
    assert pool is not None
    assert pool.live == 0


def test_the_deadline_ends_an_attempt_that_is_alive() -> None:
    scenario = act(given(steps(only=agent_task(deadline="PT10S"))), start(NAME))
    scenario.when_timer(AgentTask, assignment_of(scenario).task_id)
    assert scenario.fact(facts.AgentTaskExpired).cause == "deadline"


def test_nobody_s_report_within_the_grace_settles_in_full() -> None:
    scenario = act(given(ONE), start(NAME))
    task = assignment_of(scenario)
    scenario.when_timer(AgentTask, task.task_id)
    scenario.when_timer(HeldReservation, f"task/{task.task_id}/1").then(QuotaSettled)
    actual = {use.dimension: use.amount for use in scenario.fact(QuotaSettled).actual}
    assert actual == {"tokens.input": 1000, "tokens.output": 1000, "cost.amount": 6000}


def test_a_step_that_takes_too_long_is_withdrawn_and_fails_the_instance() -> None:
    scenario = act(given(steps(only=agent_task(task={"timeout": "PT5S"}))), start(NAME))
    scenario.when_timer(WorkflowStep, f"{INSTANCE}/do/0")
    assert names(scenario) == [
        "AgentTaskWithdrawn",
        "QuotaReleased",
        "WorkflowStepFailed",
        "WorkflowInstanceFailed",
        "QuotaReleased",
    ]
    assert scenario.fact(facts.WorkflowInstanceFailed).failure_class == "timeout"


def test_a_reactivated_tenant_s_steps_go_on() -> None:
    scenario = act(given(steps(first=agent_task(), second=agent_task())), start(NAME))
    task = assignment_of(scenario)
    scenario.given(suspended())
    act(scenario, complete(task))
    happen(scenario, TenantReactivated(tenant_id=TenantId("acme"), reason="paid"))
    assert names(scenario)[-1] == "AgentTaskAssigned"
