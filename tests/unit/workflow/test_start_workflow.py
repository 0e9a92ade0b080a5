"""StartWorkflow: opens an instance and begins its first step, or refuses."""

from schemas.ids import ApprovalId, ProjectId
from schemas.messages.agents.facts import AgentPoolSized
from schemas.messages.governance.facts import ApprovalGranted, ApprovalRequested
from schemas.messages.tenancy.facts import QuotaExceeded
from schemas.messages.workflow import facts
from schemas.messages.workflow.messages import AgentTaskAssignment
from tests.unit.workflow.definitions import NAME, agent_task, given, published, steps, text
from tests.unit.workflow.world import (
    COST,
    INSTANCE,
    OPERATOR,
    OWNER,
    ROLE,
    SKILL,
    act,
    assignment_of,
    happen,
    limit,
    names,
    policy,
    start,
    suspended,
    world,
)

ONE = steps(add=agent_task("${ input.value }"))
SCHEMA = {"schema": {"document": {"type": "object", "properties": {"value": {"type": "integer"}}}}}


def test_it_opens_the_instance_and_assigns_the_first_task() -> None:
    scenario = act(given(ONE), start(NAME, '{ "value": 41 }'))
    assert scenario.rejection is None
    assert names(scenario) == [
        "PolicyDecisionRecorded",
        "QuotaReserved",
        "WorkflowInstanceStarted",
        "PolicyDecisionRecorded",
        "QuotaReserved",
        "AgentTaskAssigned",
    ]
    started = scenario.fact(facts.WorkflowInstanceStarted)
    assert (started.input, started.started_by) == ('{"value":41}', OPERATOR)
    assert (started.definition_owner, started.definition_version) == ("system", "1.0.0")


def test_the_assignment_is_the_agent_task_contract() -> None:
    scenario = act(given(ONE), start(NAME, '{"value":41}'))
    fact, sent = scenario.fact(facts.AgentTaskAssigned), assignment_of(scenario)
    assert scenario.decision is not None
    assert scenario.decision.sent[0].key == sent.task_id
    assert isinstance(sent, AgentTaskAssignment)
    assert (sent.agent_role, sent.requested_skill, sent.skill_version) == (ROLE, SKILL, "1.0.0")
    assert (sent.inputs, sent.intent, sent.attempt) == ('{"value":41}', "Add one.", 1)
    assert sent.constraints.model_policy_id == "system/economy@1.0.0"
    assert sent.traceparent.startswith(f"00-{sent.trace_id}-")
    assert fact.cost_budget == COST
    assert fact.reservation_id == f"task/{fact.task_id}/1"


def test_facts_hold_only_the_hash_of_the_lease_token() -> None:
    scenario = act(given(ONE), start(NAME, '{"value":1}'))
    token = assignment_of(scenario).lease_token
    assert scenario.decision is not None
    assert scenario.fact(facts.AgentTaskAssigned).lease_token_hash == (
        scenario.decision.keys.token_hash(token)
    )
    assert token not in repr(scenario.facts)


def test_what_the_engine_does_is_its_own_act_in_the_instance_s_scope() -> None:
    scenario = act(given(ONE), start(NAME, '{"value":1}'))
    actors = {type(fact).__name__: meta for fact, meta in scenario.history}
    assert actors["WorkflowInstanceStarted"].actor_id == OPERATOR
    assert actors["AgentTaskAssigned"].actor_type == "system"
    assert {meta.scope.workflow_instance_id for meta in actors.values()} >= {INSTANCE}
    assert actors["AgentTaskAssigned"].scope.task_id is not None


def test_an_id_is_used_once() -> None:
    scenario = act(given(ONE), start(NAME, '{"value":1}'))
    act(scenario, start(NAME, '{"value":2}')).refused("ALREADY_EXISTS", "workflowInstanceId")


def test_an_unknown_definition_may_come_later() -> None:
    scenario = act(world(), start("nothing")).refused("NOT_FOUND", "definitionName")
    assert scenario.rejection is not None
    assert scenario.rejection.retryable


def test_another_tenant_s_definition_is_not_found() -> None:
    act(given(ONE), start(NAME, definition_owner="globex")).refused("NOT_FOUND", "definitionName")


def test_an_unknown_version_is_not_found() -> None:
    act(given(ONE), start(NAME, definition_version="9.9.9")).refused("NOT_FOUND")


def test_the_newest_version_is_taken_and_kept() -> None:
    scenario = given(ONE)
    scenario.given_system(published(text(ONE, version="1.10.0"), version="1.10.0"))
    scenario.given_system(published(text(ONE, version="1.9.0"), version="1.9.0"))
    act(scenario, start(NAME, '{"value":1}'))
    assert scenario.fact(facts.WorkflowInstanceStarted).definition_version == "1.10.0"


def test_a_version_that_is_named_is_taken() -> None:
    scenario = given(ONE)
    scenario.given_system(published(text(ONE, version="2.0.0"), version="2.0.0"))
    act(scenario, start(NAME, '{"value":1}', definition_version="1.0.0"))
    assert scenario.fact(facts.WorkflowInstanceStarted).definition_version == "1.0.0"


def test_a_tenant_starts_its_own_definition_by_naming_itself_as_owner() -> None:
    scenario = world().given(published(text(ONE)))
    act(scenario, start(NAME, '{"value":1}')).refused("NOT_FOUND")
    act(scenario, start(NAME, '{"value":1}', definition_owner="acme"))
    assert scenario.rejection is None


def test_an_unknown_project_is_not_found() -> None:
    project_id = ProjectId("proj-00000000-0000-4000-8000-000000000001")
    scenario = given(ONE).when(start(NAME, '{"value":1}', project_id=project_id))
    scenario.refused("NOT_FOUND", "projectId")


def test_input_that_breaks_its_schema_names_the_field() -> None:
    scenario = given(ONE, input=SCHEMA)
    act(scenario, start(NAME, '{"value":"x"}')).refused("INVALID_ARGUMENT", "input/value")


def test_input_that_is_no_json_is_refused_without_a_schema_too() -> None:
    act(given(ONE), start(NAME, "{")).refused("INVALID_ARGUMENT", "input")


def test_input_beyond_the_bound_is_refused() -> None:
    document = '{"value":"' + "é" * 150_000 + '"}'
    act(given(ONE), start(NAME, document)).refused("LIMIT_EXCEEDED", "input")


def test_a_definition_whose_skill_is_not_published_cannot_start() -> None:
    scenario = given(steps(add=agent_task(skill="ConnectSoft.Skill.Missing")))
    act(scenario, start(NAME)).refused("NOT_FOUND", "definitionName")


def test_who_has_no_role_is_forbidden() -> None:
    scenario = given(ONE)
    act(scenario, start(NAME), actor_id="user:nobody").refused("FORBIDDEN")


def test_a_suspended_tenant_starts_nothing() -> None:
    act(given(ONE).given(suspended()), start(NAME)).refused("TENANT_SUSPENDED")


def test_policy_denies_and_its_decision_stays_on_record() -> None:
    scenario = given(ONE).given(
        policy(
            "no-start", 'forbid (principal, action == Factory::Action::"workflow:start", resource);'
        )
    )
    act(scenario, start(NAME, '{"value":1}')).refused("POLICY_DENIED")
    assert names(scenario) == ["PolicyDecisionRecorded"]


def test_a_start_that_needs_approval_goes_on_with_the_grant_once() -> None:
    asks = """@id("ask") @effect("requiresApproval")
    forbid (principal, action == Factory::Action::"workflow:start", resource);"""
    scenario = given(ONE).given(policy("ask-start", asks))
    act(scenario, start(NAME, '{"value":1}')).refused("APPROVAL_REQUIRED", "approvalId")
    approval_id = scenario.fact(ApprovalRequested).approval_id
    granted = ApprovalGranted(
        approval_id=approval_id, principal_id=OWNER, comment="", voters=(OWNER,)
    )
    happen(scenario, granted)
    act(scenario, start(NAME, '{"value":1}'), approval_id=ApprovalId(approval_id))
    assert scenario.rejection is None
    assert "ApprovalConsumed" in names(scenario)


def test_a_tenant_runs_no_more_workflows_than_its_quota() -> None:
    scenario = given(ONE).given(limit("workflows.active", 1))
    act(scenario, start(NAME, '{"value":1}'))
    other = "wf-00000000-0000-4000-8000-000000000002"
    act(scenario, start(NAME, '{"value":1}', other)).refused("QUOTA_EXCEEDED")
    assert scenario.fact(QuotaExceeded).dimension == "workflows.active"


def test_the_instance_s_priority_moves_its_tasks() -> None:
    scenario = act(given(ONE), start(NAME, '{"value":1}', priority=1))
    assert scenario.fact(facts.AgentTaskAssigned).priority == 1


def test_without_a_pool_the_first_step_waits() -> None:
    scenario = given(ONE).given(AgentPoolSized(agent_role=ROLE, capacity=0))
    act(scenario, start(NAME, '{"value":1}'))
    assert scenario.rejection is None
    assert scenario.fact(facts.WorkflowInstanceBlocked).reason == "pool"
