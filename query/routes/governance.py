"""Tasks, policy decisions, approvals, quotas and the audit view."""

from typing import Annotated

from fastapi import APIRouter, Query

from query.answers import Approval, AuditEntry, One, Page, PolicyDecision, Task
from query.asset_answers import Quota
from query.filters import ApprovalList, AuditList, DecisionList, QuotaList, TaskList
from query.reading import Listing
from query.routes.callers import OfViews, Reader
from query.settings import PAGE_SIZE_MAX

router = APIRouter(tags=["governance"])
_TASKS = Listing("task_list", ("assigned_sequence",))
_DECISIONS = Listing("policy_decision_list", ("sequence",))
_APPROVALS = Listing("approval_list", ("requested_sequence",))
_AUDIT = Listing("audit_list", ("sequence",))


@router.get("/agent-tasks")
def list_tasks(caller: Reader, views: OfViews, asked: Annotated[TaskList, Query()]) -> Page[Task]:
    """List agent tasks, newest first."""
    return views.page(caller, asked, _TASKS, Task)


@router.get("/policy-decisions")
def list_decisions(
    caller: Reader, views: OfViews, asked: Annotated[DecisionList, Query()]
) -> Page[PolicyDecision]:
    """List policy decisions, newest first."""
    return views.page(caller, asked, _DECISIONS, PolicyDecision)


@router.get("/approvals")
def list_approvals(
    caller: Reader, views: OfViews, asked: Annotated[ApprovalList, Query()]
) -> Page[Approval]:
    """List approvals, newest first."""
    return views.page(caller, asked, _APPROVALS, Approval)


@router.get("/quotas")
def list_quotas(
    caller: Reader, views: OfViews, asked: Annotated[QuotaList, Query()]
) -> One[list[Quota]]:
    """List the limits in force and what counts against each."""
    with views.reading(caller, asked) as reading:
        rows = reading.rows("quota_list", row_limit=PAGE_SIZE_MAX, **asked.parameters())
        return One(data=[Quota.model_validate(row) for row in rows], as_of=reading.as_of)


@router.get("/audit")
def list_audit(
    caller: Reader, views: OfViews, asked: Annotated[AuditList, Query()]
) -> Page[AuditEntry]:
    """List facts and refusals, newest first."""
    return views.page(caller, asked, _AUDIT, AuditEntry)
