"""Artifact Management: what was made, by whom, from what.

Owns artifacts, their versions and their lineage edges. Does not own their bodies (the blob store),
the tasks that make them (workflow) or walks over the graph (query). It has no command in this
release: artifacts are registered from the results of agent tasks.
"""

from typing import Final

from processors.artifacts.evolve import artifact_created
from processors.artifacts.findings import check_outputs
from processors.artifacts.identity import artifact_id_of
from processors.artifacts.output import Output
from processors.artifacts.register import register
from processors.rules import Commands, Evolvers
from schemas.messages.artifacts.facts import ArtifactCreated

__all__ = ["COMMANDS", "EVOLVERS", "Output", "artifact_id_of", "check_outputs", "register"]

COMMANDS: Final[Commands] = {}

EVOLVERS: Final[Evolvers] = {ArtifactCreated: (artifact_created,)}
