"""The edges that a new artifact has in the lineage graph.

Source: domain.md §10: closed node and edge types; (from, to, type) is unique.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from schemas.ids import ArtifactId, DecisionId, ProjectId, TaskId, WorkflowInstanceId
from schemas.messages.artifacts.facts import LineageEdge

_ToType = Literal[
    "AgentTask", "Agent", "Skill", "Artifact", "PolicyDecision", "Workflow", "Project"
]
_EdgeType = Literal["PRODUCED_BY", "DERIVED_FROM", "DECIDED_BY", "PART_OF"]


class Origin(NamedTuple):
    """Where an artifact comes from: the task that made it and all that the task belongs to."""

    task_id: TaskId
    workflow_instance_id: WorkflowInstanceId | None
    project_id: ProjectId | None
    agent_id: str
    skill: str
    decision_id: DecisionId | None
    input_artifact_ids: Sequence[ArtifactId]


def edges_of(artifact_id: ArtifactId, origin: Origin) -> tuple[LineageEdge, ...]:
    """Give the edges from the artifact to its origin, each once and none to itself."""
    edges = dict.fromkeys(_edges(artifact_id, origin))
    return tuple(edge for edge in edges if edge.to_id != artifact_id)


def _edges(artifact_id: ArtifactId, origin: Origin) -> Iterator[LineageEdge]:
    def edge(to_type: _ToType, to_id: str, edge_type: _EdgeType) -> LineageEdge:
        return LineageEdge(
            from_type="Artifact",
            from_id=artifact_id,
            to_type=to_type,
            to_id=to_id,
            edge_type=edge_type,
        )

    yield edge("AgentTask", origin.task_id, "PRODUCED_BY")
    yield edge("Agent", origin.agent_id, "PRODUCED_BY")
    yield edge("Skill", origin.skill, "PRODUCED_BY")
    for input_id in origin.input_artifact_ids:
        yield edge("Artifact", input_id, "DERIVED_FROM")
    if origin.decision_id is not None:
        yield edge("PolicyDecision", origin.decision_id, "DECIDED_BY")
    if origin.workflow_instance_id is not None:
        yield edge("Workflow", origin.workflow_instance_id, "PART_OF")
    if origin.project_id is not None:
        yield edge("Project", origin.project_id, "PART_OF")
