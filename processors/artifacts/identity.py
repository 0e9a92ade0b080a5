"""Which artifact a name means, and what is known of it.

An artifact's id follows from tenant, project and name (ADR F1): it is the same for all versions,
and no index by name is kept.
"""

from typing import Final

from processors.artifacts.state import Artifact
from processors.decision import Decision
from processors.derived import derived_uuid
from schemas.ids import ArtifactId, ProjectId, TenantId

VERSIONS_MAX: Final = 1_000
"""Most versions of one artifact: they stand in one state record, about 90 bytes a version."""


def artifact_id_of(tenant_id: TenantId, project_id: ProjectId | None, name: str) -> ArtifactId:
    """Give the id of the artifact of that name in the project (or outside any)."""
    named = f"{tenant_id}|artifact|{project_id or ''}|{name}"
    return ArtifactId(f"art-{derived_uuid(named)}")


def find(decision: Decision, artifact_id: str) -> Artifact | None:
    """Give the tenant's artifact, or None."""
    return decision.tables.get(Artifact, artifact_id)


def content_of(artifact: Artifact, version: str) -> str | None:
    """Give the content hash of a version, or None; newest first, where a repeat is most likely."""
    for known in reversed(artifact.versions):
        if known.version == version:
            return known.content_hash
    return None
