"""Who holds a role in one project steers the instances of that project and no others."""

import pytest
from msgspec import Struct

from schemas.ids import PrincipalId, ProjectId, WorkflowInstanceId
from schemas.messages.identity.facts import PrincipalRegistered, RoleGranted
from schemas.messages.projects.facts import ProjectCreated
from schemas.messages.workflow import facts
from schemas.messages.workflow.commands import (
    CancelWorkflow,
    PauseWorkflow,
    ResumeWorkflow,
    RetryWorkflowStep,
    SkipWorkflowStep,
)
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, agent_task, given, steps
from tests.unit.workflow.world import INSTANCE, OPERATOR, act, assignment_of, failing, start

PAT = PrincipalId("user:pat")
OURS = ProjectId("proj-00000000-0000-4000-8000-000000000001")
THEIRS = ProjectId("proj-00000000-0000-4000-8000-000000000002")
STEP = "do/0"

STEERING: tuple[tuple[Struct, type[Struct]], ...] = (
    (PauseWorkflow(workflow_instance_id=INSTANCE), facts.WorkflowInstancePaused),
    (ResumeWorkflow(workflow_instance_id=INSTANCE), facts.WorkflowInstanceResumed),
    (CancelWorkflow(workflow_instance_id=INSTANCE), facts.WorkflowInstanceCancelled),
    (
        RetryWorkflowStep(workflow_instance_id=INSTANCE, step_path=STEP),
        facts.WorkflowStepRetried,
    ),
    (
        SkipWorkflowStep(workflow_instance_id=INSTANCE, step_path=STEP, reason="done by hand"),
        facts.WorkflowStepSkipped,
    ),
)


def escalated(project_id: ProjectId | None, *, paused: bool) -> Scenario:
    """Give an instance of a project whose step waits for a person, and Pat, who operates our project only."""
    scenario = given(steps(first=agent_task()))
    for project in (OURS, THEIRS):
        created = ProjectCreated(
            project_id=project, name=project[-3:], intent="A shop.", owner_principal_id=OPERATOR
        )
        scenario.given(created)
    scenario.given(
        PrincipalRegistered(principal_id=PAT, kind="user", display_name="Pat"),
        RoleGranted(principal_id=PAT, role="FactoryOperator", project_id=OURS),
    )
    act(scenario, start(NAME, project_id=project_id))
    act(scenario, failing(assignment_of(scenario), "validation"))
    scenario.fact(facts.WorkflowInstanceEscalated)
    if paused:
        act(scenario, PauseWorkflow(workflow_instance_id=INSTANCE))
    return scenario


@pytest.mark.parametrize(("command", "fact"), STEERING)
def test_ours_is_steered(command: Struct, fact: type[Struct]) -> None:
    scenario = escalated(OURS, paused=isinstance(command, ResumeWorkflow))
    act(scenario, command, actor_id=PAT)
    assert scenario.rejection is None
    assert scenario.fact(fact)


@pytest.mark.parametrize("project_id", [THEIRS, None])
@pytest.mark.parametrize("command", [command for command, _ in STEERING])
def test_theirs_and_the_tenants_are_not(command: Struct, project_id: ProjectId | None) -> None:
    scenario = escalated(project_id, paused=isinstance(command, ResumeWorkflow))
    act(scenario, command, actor_id=PAT).refused("FORBIDDEN", "actorId")
    assert scenario.facts == []


def test_an_unknown_instance_belongs_to_no_project() -> None:
    unknown = WorkflowInstanceId("wf-00000000-0000-4000-8000-00000000dead")
    command = PauseWorkflow(workflow_instance_id=unknown)
    act(escalated(OURS, paused=False), command, actor_id=PAT).refused("FORBIDDEN", "actorId")
