"""The interpreter: takes what is on an instance's agenda until the instance waits for somebody else."""

from collections.abc import Callable
from typing import Any, Final

from processors.workflow import failure, holding
from processors.workflow.burst import Burst
from processors.workflow.definition import model
from processors.workflow.ending import complete, fail
from processors.workflow.fault import LIMIT, Fault, StepFaultError
from processors.workflow.finishing import next_in_list
from processors.workflow.kinds import kind_of
from processors.workflow.queues import try_queues
from processors.workflow.run import Action, Begin, BodyEnded, Ended, Run
from processors.workflow.steps import (
    agent_task,
    approval,
    attempt,
    fork,
    loop,
    raising,
    set_data,
    switch,
    wait,
)
from processors.workflow.values import View
from schemas.messages.workflow.facts import WorkflowStepSkipped

_START: Final[dict[type, Callable[[Run, str, Any], None]]] = {
    model.CallAgentTask: agent_task.start,
    model.CallApproval: approval.start,
    model.SetData: set_data.start,
    model.Switch: switch.start,
    model.Fork: fork.start,
    model.For: loop.start,
    model.Wait: wait.start,
    model.Try: attempt.start,
    model.Raise: raising.start,
}
"""Kind of task -> how a running step of it begins."""

_BODY_ENDED: Final[dict[type, Callable[[Run, str, Any, str], None]]] = {
    model.Fork: fork.body_ended,
    model.For: loop.body_ended,
    model.Try: attempt.body_ended,
}
"""Kind of task -> what the end of a list inside it means."""


def advance(run: Run) -> None:
    """Work the agenda off: nothing is left to do for the engine until somebody answers or a timer fires."""
    burst = Burst(run.decision)
    while run.agenda:
        action = run.agenda.popleft()
        excess = burst.excess()
        if excess is not None:
            fail(run, Fault(LIMIT, excess), action.path)
            return
        try:
            _do(run, action)
        except StepFaultError as error:
            run.failed(_concerned(run, action), error.fault)


def _do(run: Run, action: Action) -> None:
    if isinstance(action, Begin):
        _begin(run, action.path)
    elif isinstance(action, Ended):
        next_in_list(run, action.path)
    elif isinstance(action, BodyEnded):
        _end_body(run, action.path)
    else:
        failure.handle(run, action.path, action.fault)


def _concerned(run: Run, action: Action) -> str:
    """Give the step that a fault belongs to: the end of a list concerns what holds the list."""
    if isinstance(action, BodyEnded):
        holder = run.outline.holder(action.path)
        return holder[0] if holder is not None else action.path
    return action.path


def _begin(run: Run, path: str) -> None:
    task = run.outline.task(path)
    if isinstance(task, model.CallAgentTask) and not run.comes_from_queue:
        # What was just freed goes first to those that wait with a higher priority.
        tried = try_queues(run.decision, advance, above=run.priority(task.priority))
        if tried and run.is_over:
            run.agenda.clear()
            return
    if holding.is_held(run, path, task):
        return
    if _is_left_out(run, path, task):
        _skip(run, path, task)
    else:
        _START[type(task)](run, path, task)


def _is_left_out(run: Run, path: str, task: model.Task) -> bool:
    """Ask the step's guard; not again where a task was made of the step, for then it held."""
    if task.node.when is None:
        return False
    step = run.step(path)
    if step is not None and step.task_id is not None:
        return False
    return not View(run, path, task.node).holds(task.node.when)


def _skip(run: Run, path: str, task: model.Task) -> None:
    fact = WorkflowStepSkipped(
        workflow_instance_id=run.instance_id,
        step_path=path,
        step_name=task.node.name,
        kind=kind_of(task),
        reason="condition",
    )
    run.record(fact)
    run.ended(path)


def _end_body(run: Run, body: str) -> None:
    holder = run.outline.holder(body)
    if holder is None:
        complete(run)
    else:
        path, task = holder
        _BODY_ENDED[type(task)](run, path, task, body)
