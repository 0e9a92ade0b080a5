"""The artifacts view: one row per registered version of an artifact. Bodies lie in the artifact store."""

from collections.abc import Iterable
from typing import Final

from query.projections.model import Row, View, bare, fact
from schemas.messages.artifacts.facts import ArtifactCreated
from schemas.messages.envelope import Envelope


def _created(envelope: Envelope, payload: ArtifactCreated) -> Iterable[Row]:
    yield (
        *fact(envelope),
        payload.artifact_id,
        payload.name,
        payload.artifact_type,
        payload.version,
        payload.content_hash,
        payload.storage_ref,
        payload.classification,
        payload.produced_by_agent_id,
        payload.produced_by_skill,
        bare(payload.task_id),
        bare(payload.workflow_instance_id),
        payload.project_id or envelope.project_id,
        envelope.trace_id,
    )


VIEW: Final = View(table="artifacts", version=1, rules={ArtifactCreated: _created})
