"""Step boundaries: a step of a paused instance or a suspended tenant waits there."""

from typing import Literal

from processors import tenancy
from processors.workflow.definition.model import Task
from processors.workflow.evolve_queue import paused_queue
from processors.workflow.kinds import kind_of
from processors.workflow.run import Run
from processors.workflow.state import WaitingStep
from schemas.messages.workflow.facts import WorkflowInstanceBlocked, WorkflowInstanceUnblocked


def is_held(run: Run, path: str, task: Task) -> bool:
    """Hold a step up that must not begin now, and say so; give whether it is held."""
    if run.instance.status == "Paused":
        _hold(run, path, task, "paused")
    elif not tenancy.is_active(run.decision):
        _hold(run, path, task, "suspended")
    else:
        return False
    return True


def _hold(run: Run, path: str, task: Task, reason: Literal["paused", "suspended"]) -> None:
    fact = WorkflowInstanceBlocked(
        workflow_instance_id=run.instance_id,
        step_path=path,
        step_name=task.node.name,
        kind=kind_of(task),
        reason=reason,
    )
    run.record(fact)


def release_paused(run: Run) -> None:
    """Put the steps that the pause held up on the agenda."""
    queue = paused_queue(run.instance_id)
    for _, waiting in list(run.tables.children(WaitingStep, queue)):
        release(run, waiting)


def release(run: Run, waiting: WaitingStep) -> None:
    """Let one held step go on."""
    fact = WorkflowInstanceUnblocked(
        workflow_instance_id=run.instance_id,
        step_path=waiting.step_path,
        step_name=run.outline.task(waiting.step_path).node.name,
    )
    run.record(fact)
    run.begin(waiting.step_path)
