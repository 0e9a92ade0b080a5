"""Artifacts and their lineage, projects, and the catalogue."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query

from query.answers import One, Page
from query.asset_answers import Artifact, Asset, Edge, Lineage, Project
from query.filters import ArtifactId, ArtifactList, CatalogueList, Freshness, LineageWalk, Paged
from query.reading import Listing
from query.routes.callers import OfViews, Reader
from query.settings import LINEAGE_EDGES_MAX, PAGE_SIZE_MAX

router = APIRouter(tags=["assets"])
_ARTIFACTS = Listing("artifact_list", ("sequence",))
_PROJECTS = Listing("project_list", ("created_sequence",))
_CATALOGUE = Listing("catalogue_list", ("sequence", "owner"), (int, str))
_NODE: Final[dict[str, Any]] = {"node_type": "Artifact"}


@router.get("/artifacts")
def list_artifacts(
    caller: Reader, views: OfViews, asked: Annotated[ArtifactList, Query()]
) -> Page[Artifact]:
    """List versions of artifacts, newest first."""
    return views.page(caller, asked, _ARTIFACTS, Artifact)


@router.get("/artifacts/{artifact_id}")
def show_artifact(
    caller: Reader,
    views: OfViews,
    artifact_id: Annotated[ArtifactId, Path()],
    asked: Annotated[Freshness, Query()],
) -> One[list[Artifact]]:
    """Show every version of an artifact, newest first."""
    with views.reading(caller, asked) as reading:
        bound = {"artifact_id": artifact_id, "row_limit": PAGE_SIZE_MAX}
        reading.one("artifact", **bound)
        versions = [Artifact.model_validate(row) for row in reading.rows("artifact", **bound)]
        return One(data=versions, as_of=reading.as_of)


@router.get("/artifacts/{artifact_id}/lineage")
def walk_lineage(
    caller: Reader,
    views: OfViews,
    artifact_id: Annotated[ArtifactId, Path()],
    asked: Annotated[LineageWalk, Query()],
) -> One[Lineage]:
    """Walk from an artifact to what it came from (up) or to what came from it (down)."""
    with views.reading(caller, asked) as reading:
        bound = {**_NODE, "node_id": artifact_id, "depth": asked.depth}
        reading.one("lineage_node", **bound)
        rows = reading.rows(f"lineage_{asked.direction}", row_limit=LINEAGE_EDGES_MAX + 1, **bound)
        edges = [Edge.model_validate(row) for row in rows[:LINEAGE_EDGES_MAX]]
        walk = Lineage(
            artifact_id=artifact_id,
            direction=asked.direction,
            edges=edges,
            is_cut=len(rows) > LINEAGE_EDGES_MAX,
        )
        return One(data=walk, as_of=reading.as_of)


@router.get("/projects")
def list_projects(
    caller: Reader, views: OfViews, asked: Annotated[Paged, Query()]
) -> Page[Project]:
    """List projects, newest first."""
    return views.page(caller, asked, _PROJECTS, Project)


@router.get("/catalogue")
def list_catalogue(
    caller: Reader, views: OfViews, asked: Annotated[CatalogueList, Query()]
) -> Page[Asset]:
    """List published versions of assets, the tenant's own and those shared by system."""
    return views.page(caller, asked, _CATALOGUE, Asset)
