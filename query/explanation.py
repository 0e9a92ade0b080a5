"""Why a workflow is in its present state: what it waits for, what decided, and what moves it on by itself."""

from typing import Final

from query.answers import (
    Approval,
    AuditEntry,
    Due,
    Explanation,
    PolicyDecision,
    Step,
    Task,
    Workflow,
)
from query.reading import Reading

_SHOWN: Final = 10
"""Facts, decisions and deadlines of an explanation."""
_STEPS_SHOWN: Final = 100
_PENDING: Final = frozenset({"Pending", "Escalated"})
_WAITING: Final = frozenset({"Blocked", "Awaiting", "Assigned", "Failed"})
_STATUS_SAYS: Final = {
    "Completed": "It ended well.",
    "Cancelled": "It was cancelled{reason}.",
    "Failed": "It failed{reason}.",
    "Escalated": "A person has to answer{reason}.",
    "Paused": "It was paused{reason} and goes on when somebody resumes it.",
    "Running": "It runs; no step waits.",
}


def explain(reading: Reading, workflow_instance_id: str) -> Explanation:
    """Explain an instance at the reading's moment. Raises Problem NOT_FOUND."""
    bound = {"workflow_instance_id": workflow_instance_id, "row_limit": _SHOWN}
    workflow = Workflow.model_validate(
        reading.one("workflow", workflow_instance_id=workflow_instance_id)
    )
    steps = [
        Step.model_validate(row)
        for row in reading.rows("workflow_steps", **{**bound, "row_limit": _STEPS_SHOWN})
        if row["status"] in _WAITING
    ]
    tasks = [Task.model_validate(row) for row in reading.rows("workflow_open_tasks", **bound)]
    approvals = [
        approval
        for row in reading.rows("workflow_approvals", **bound)
        if (approval := Approval.model_validate(row)).status in _PENDING
    ]
    decisions = reading.rows("workflow_decisions", **bound)
    facts = reading.rows("workflow_latest", **bound)
    due = [Due.model_validate(row) for row in reading.rows("workflow_due", **bound)]
    return Explanation(
        workflow=workflow,
        because=because(workflow, steps, tasks, approvals, due),
        waiting_steps=steps,
        open_tasks=tasks,
        pending_approvals=approvals,
        latest_decisions=[PolicyDecision.model_validate(row) for row in decisions],
        latest_facts=[AuditEntry.model_validate(row) for row in facts],
        next_due=due if workflow.ended_at is None else [],
    )


def because(
    workflow: Workflow,
    steps: list[Step],
    tasks: list[Task],
    approvals: list[Approval],
    due: list[Due],
) -> list[str]:
    """Give the sentences, the most telling first; pure."""
    reason = f" ({workflow.reason})" if workflow.reason else ""
    said = _STATUS_SAYS.get(workflow.status)
    sentences = [said.format(reason=reason)] if said else []
    if workflow.ended_at is not None:
        return sentences
    sentences += [_of_approval(approval) for approval in approvals]
    sentences += [_of_step(step) for step in steps if step.is_blocked and not step.approval_id]
    sentences += [_of_failure(step) for step in steps if step.status == "Failed"]
    sentences += [_of_task(task) for task in tasks]
    if due:
        sentences.append(
            f"Next by itself: {due[0].due_for} at {due[0].due_at:%Y-%m-%d %H:%M:%S} UTC."
        )
    return sentences


def _of_approval(approval: Approval) -> str:
    votes = f"{approval.votes or 0} of {approval.quorum or 1} votes"
    return (
        f"Approval {approval.approval_id} of role {approval.approver_role} is pending, {votes}: "
        f"{approval.title}"
    )


def _of_step(step: Step) -> str:
    return f"Step {step.step_name or step.step_path} waits: {step.reason or 'blocked'}."


def _of_failure(step: Step) -> str:
    return f"Step {step.step_name or step.step_path} failed: {step.reason or 'no reason said'}."


def _of_task(task: Task) -> str:
    holder = (
        f"with {task.agent_id}"
        if task.agent_id
        else f"waits for an agent of role {task.agent_role}"
    )
    return f"Task {task.step_name or task.task_id} (attempt {task.attempt}) is {task.status}, {holder}."
