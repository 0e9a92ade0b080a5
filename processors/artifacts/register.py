"""Registers what a task made: one ArtifactCreated a new version, its lineage edges in the fact.

Source: domain.md §10. Call check_outputs first: register takes only what it admits.
"""

from collections.abc import Sequence

from processors.artifacts.identity import artifact_id_of, content_of, find
from processors.artifacts.lineage import Origin, edges_of
from processors.artifacts.output import CLASSIFICATIONS, Output
from processors.decision import Decision
from schemas.ids import ArtifactId, DecisionId, ProjectId, TaskId, WorkflowInstanceId
from schemas.messages.artifacts.facts import ArtifactCreated


def register(
    decision: Decision,
    *,
    outputs: Sequence[Output],
    task_id: TaskId,
    workflow_instance_id: WorkflowInstanceId | None,
    project_id: ProjectId | None,
    agent_id: str,
    skill: str,
    decision_id: DecisionId | None,
    input_artifact_ids: Sequence[ArtifactId],
) -> tuple[ArtifactId, ...]:
    """Record each output that is new; give the ids of all, in the order of the outputs.

    A version that is registered with the same content records nothing. One with other content is an
    AssertionError: check_outputs with this decision would have found it.
    """
    origin = Origin(
        task_id, workflow_instance_id, project_id, agent_id, skill, decision_id, input_artifact_ids
    )
    return tuple(_register(decision, output, origin) for output in outputs)


def _register(decision: Decision, output: Output, origin: Origin) -> ArtifactId:
    artifact_id = artifact_id_of(decision.tenant_id, origin.project_id, output.name)
    artifact = find(decision, artifact_id)
    content = content_of(artifact, output.version) if artifact is not None else None
    if content is None:
        decision.record(_created(artifact_id, output, origin))
    elif content != output.content_hash:
        raise AssertionError(f"{artifact_id} {output.version} was not checked before registration")
    return artifact_id


def _created(artifact_id: ArtifactId, output: Output, origin: Origin) -> ArtifactCreated:
    return ArtifactCreated(
        artifact_id=artifact_id,
        name=output.name,
        artifact_type=output.artifact_type,
        version=output.version,
        content_hash=output.content_hash,
        storage_ref=output.storage_ref,
        classification=CLASSIFICATIONS[output.classification],
        produced_by_agent_id=origin.agent_id,
        produced_by_skill=origin.skill,
        task_id=origin.task_id,
        workflow_instance_id=origin.workflow_instance_id,
        project_id=origin.project_id,
        edges=edges_of(artifact_id, origin),
    )
