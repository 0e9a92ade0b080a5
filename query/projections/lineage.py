"""The lineage view: one row per edge that a fact states; a node is what an edge names (domain.md §10)."""

from collections.abc import Iterable
from typing import Final

from query.projections.model import Row, View, fact
from schemas.messages.artifacts.facts import ArtifactCreated
from schemas.messages.envelope import Envelope


def _edges(envelope: Envelope, payload: ArtifactCreated) -> Iterable[Row]:
    head = fact(envelope)
    for edge in payload.edges:
        yield (*head, edge.from_type, edge.from_id, edge.to_type, edge.to_id, edge.edge_type)


VIEW: Final = View(table="lineage_edges", version=1, rules={ArtifactCreated: _edges})
