"""Giving up steps that are no longer wanted, with all that waits for them."""

from collections import deque
from operator import itemgetter

from processors import governance, tenancy
from processors.workflow.limits import GRACE_MICROS
from processors.workflow.run import Run
from processors.workflow.state import HELD, OPEN_STEPS, AgentTask, WorkflowStep
from schemas.ids import TaskId
from schemas.messages.workflow.facts import AgentTaskWithdrawn, WorkflowStepSkipped
from schemas.messages.workflow.messages import AgentTaskWithdrawal


def abandon(run: Run, around: str, reason: str) -> None:
    """Give up every open step inside a step or list, and what the agenda still holds for them.

    O(steps of the instance): for the end of a competition, a catch, a time-out and the end of an instance.
    In the order of ids: that of putting is another one after a restore.
    """
    inside, first = f"{around}/", len(run.instance_id) + 1
    steps = run.tables.children(WorkflowStep, run.instance_id)
    for record_id, step in sorted(steps, key=itemgetter(0)):
        path = record_id[first:]
        if step.status in OPEN_STEPS and path.startswith(inside):
            _withdraw(run, path, step, reason)
    run.agenda = deque(action for action in run.agenda if not action.path.startswith(inside))


def _withdraw(run: Run, path: str, step: WorkflowStep, reason: str) -> None:
    withdraw_waits(run, step, reason)
    skipped = WorkflowStepSkipped(
        workflow_instance_id=run.instance_id,
        step_path=path,
        step_name=step.step_name,
        kind=step.kind,
        reason="withdrawn",
        note=reason,
    )
    run.record(skipped)


def withdraw_waits(run: Run, step: WorkflowStep, reason: str) -> None:
    """Take back the task and the approval that a step waits for."""
    if step.task_id is not None:
        _withdraw_task(run, step.task_id, step.step_name, reason)
    if step.approval_id is not None:
        governance.withdraw_approval(run.decision, step.approval_id, reason)


def _withdraw_task(run: Run, task_id: TaskId, step_name: str, reason: str) -> None:
    task = run.tables.get(AgentTask, task_id)
    if task is None or task.status not in HELD:
        return
    # An agent that holds it has spent something: its reservation waits for the report. Nobody has
    # spent anything on a task that nobody took.
    settles_at = run.decision.at + GRACE_MICROS if task.status == "Claimed" else None
    run.of_task(task_id)
    fact = AgentTaskWithdrawn(
        task_id=task_id,
        workflow_instance_id=run.instance_id,
        step_path=task.step_path,
        step_name=step_name,
        agent_role=task.agent_role,
        attempt=task.attempt,
        reason=reason,
        settles_at=settles_at,
    )
    run.record(fact)
    message = AgentTaskWithdrawal(
        task_id=task_id,
        tenant_id=run.decision.tenant_id,
        workflow_instance_id=run.instance_id,
        attempt=task.attempt,
        reason=reason,
    )
    run.decision.send(message, key=task_id)
    if settles_at is None:
        tenancy.release(run.decision, task.reservation_id, reason)
    run.of_task(None)
