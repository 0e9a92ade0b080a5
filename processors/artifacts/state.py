"""State of the artifacts context.

A version of an artifact has one transition in this release: absent -> Generated (ArtifactCreated).
Its content never changes: the same version with another content hash is a finding.
"""

from schemas.messages.artifacts.state import Artifact, ArtifactVersion

__all__ = ["Artifact", "ArtifactVersion"]
