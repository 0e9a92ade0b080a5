"""How facts change the state of the artifacts context."""

from msgspec.structs import replace

from processors.artifacts.state import Artifact, ArtifactVersion
from processors.contract import Meta, Tables
from schemas.messages.artifacts.facts import ArtifactCreated


def artifact_created(tables: Tables, fact: ArtifactCreated, _meta: Meta) -> None:
    """Add the version to its artifact, which begins with its first one."""
    artifact = tables.get(Artifact, fact.artifact_id) or Artifact(
        name=fact.name,
        artifact_type=fact.artifact_type,
        project_id=fact.project_id,
        versions=(),
    )
    version = ArtifactVersion(version=fact.version, content_hash=fact.content_hash)
    tables.put(fact.artifact_id, replace(artifact, versions=(*artifact.versions, version)))
