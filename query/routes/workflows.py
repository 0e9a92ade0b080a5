"""Workflow instances: list, count, one with its timeline, and why it is where it is."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from query.answers import (
    AuditEntry,
    Count,
    Explanation,
    One,
    Page,
    Step,
    Workflow,
    WorkflowDetail,
)
from query.explanation import explain
from query.filters import Freshness, WorkflowFilter, WorkflowId, WorkflowList
from query.reading import Listing
from query.routes.callers import OfViews, Reader
from query.settings import TIMELINE_MAX

router = APIRouter(tags=["workflows"])
_LIST = Listing("workflow_list", ("started_sequence",))


@router.get("/workflows")
def list_workflows(
    caller: Reader, views: OfViews, asked: Annotated[WorkflowList, Query()]
) -> Page[Workflow]:
    """List instances, newest first."""
    return views.page(caller, asked, _LIST, Workflow)


@router.get("/workflows/count")
def count_workflows(
    caller: Reader, views: OfViews, asked: Annotated[WorkflowFilter, Query()]
) -> One[Count]:
    """Count instances."""
    return views.one(caller, asked, "workflow_count", Count)


@router.get("/workflows/{workflow_instance_id}")
def show_workflow(
    caller: Reader,
    views: OfViews,
    workflow_instance_id: Annotated[WorkflowId, Path()],
    asked: Annotated[Freshness, Query()],
) -> One[WorkflowDetail]:
    """Show an instance with its steps and its timeline."""
    with views.reading(caller, asked) as reading:
        row = reading.one("workflow", workflow_instance_id=workflow_instance_id)
        bound = {"workflow_instance_id": workflow_instance_id, "row_limit": TIMELINE_MAX + 1}
        steps = reading.rows("workflow_steps", **bound)
        entries = reading.rows("workflow_timeline", **bound)
        detail = WorkflowDetail(
            **Workflow.model_validate(row).model_dump(by_alias=False),
            steps=[Step.model_validate(step) for step in steps],
            timeline=[AuditEntry.model_validate(entry) for entry in entries[:TIMELINE_MAX]],
            timeline_is_cut=len(entries) > TIMELINE_MAX,
        )
        return One(data=detail, as_of=reading.as_of)


@router.get("/workflows/{workflow_instance_id}/explanation")
def explain_workflow(
    caller: Reader,
    views: OfViews,
    workflow_instance_id: Annotated[WorkflowId, Path()],
    asked: Annotated[Freshness, Query()],
) -> One[Explanation]:
    """Say why an instance is in its present state and what it waits for."""
    with views.reading(caller, asked) as reading:
        return One(data=explain(reading, workflow_instance_id), as_of=reading.as_of)
