"""Results that the tests of the artifacts context are given."""

from collections.abc import Sequence
from typing import Final

from processors.artifacts import register
from schemas.ids import ArtifactId, DecisionId, ProjectId, TaskId, WorkflowInstanceId
from schemas.messages.workflow.commands import OutputArtifact
from tests.unit.scenario import Scenario

TASK: Final = TaskId("task-00000000-0000-0000-0000-000000000001")
WORKFLOW: Final = WorkflowInstanceId("wf-00000000-0000-0000-0000-000000000001")
PROJECT: Final = ProjectId("proj-00000000-0000-0000-0000-000000000001")
OTHER_PROJECT: Final = ProjectId("proj-00000000-0000-0000-0000-000000000002")
DECISION: Final = DecisionId("pd-00000000-0000-0000-0000-000000000001")
AGENT: Final = "ConnectSoft.Agent.Engineer"
SKILL: Final = "ConnectSoft.Skill.GenerateCode"
HASH: Final = "sha256:" + "0" * 64
OTHER_HASH: Final = "sha256:" + "1" * 64

OUTPUT: Final = OutputArtifact(
    name="order-service",
    artifact_type="source",
    version="1.0.0",
    content_hash=HASH,
    storage_ref="blob://acme/order-service/1.0.0.tar",
    classification="Internal",
)


def registered(
    scenario: Scenario,
    outputs: Sequence[OutputArtifact] = (OUTPUT,),
    inputs: Sequence[ArtifactId] = (),
    project: ProjectId | None = PROJECT,
) -> tuple[ArtifactId, ...]:
    """Register outputs of one task in the scenario; give their ids."""
    return register(
        scenario.decide(),
        outputs=outputs,
        task_id=TASK,
        workflow_instance_id=WORKFLOW,
        project_id=project,
        agent_id=AGENT,
        skill=SKILL,
        decision_id=DECISION,
        input_artifact_ids=inputs,
    )
