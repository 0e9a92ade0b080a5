"""``for``: its list runs once for each item, a bounded number of turns at a time."""

from typing import Any

from processors.workflow.definition.model import For
from processors.workflow.documents import decode, encode
from processors.workflow.fault import fault
from processors.workflow.finishing import complete_step, last_output, timeout_of
from processors.workflow.outline import body_of
from processors.workflow.run import Run
from processors.workflow.state import WorkflowStep
from processors.workflow.values import View
from schemas.messages.workflow.facts import (
    WorkflowStepCompleted,
    WorkflowStepSkipped,
    WorkflowStepStarted,
)


def start(run: Run, path: str, task: For) -> None:
    """Evaluate the items once and begin the first turns."""
    items = View(run, path, task.node).value(task.items)
    if not isinstance(items, list):
        raise fault("expression", f"{task.items}: gives no list")
    if len(items) > task.items_max:
        raise fault("validation", f"{len(items)} items, at most {task.items_max}")
    fact = WorkflowStepStarted(
        workflow_instance_id=run.instance_id,
        step_path=path,
        step_name=task.node.name,
        kind="for",
        total=len(items),
        document=encode(items),
        timeout_at=timeout_of(run, task.node),
    )
    run.record(fact)
    _go_on(run, path, task)


def body_ended(run: Run, path: str, task: For, body: str) -> None:
    """Count a turn that has ended and begin the next."""
    fact = WorkflowStepCompleted(
        workflow_instance_id=run.instance_id,
        step_path=body,
        step_name=task.node.name,
        kind="iteration",
        output=last_output(run, body),
    )
    run.record(fact)
    _go_on(run, path, task)


def _go_on(run: Run, path: str, task: For) -> None:
    """Begin turns while there are items and places; end the loop with its last turn."""
    step = _record(run, path)
    if step.begun < step.total and step.begun - step.ended < task.at_once:
        items = run.document(f"items/{path}")
        while step.begun < step.total and step.begun - step.ended < task.at_once:
            _begin_turn(run, path, task, step.begun, items[step.begun])
            step = _record(run, path)
    if step.ended == step.total:
        turns = (run.step(body_of(path, task, task.block, turn)) for turn in range(step.total))
        complete_step(run, path, task, encode([decode(t.output) for t in turns if t]))


def _record(run: Run, path: str) -> WorkflowStep:
    step = run.step(path)
    if step is None:
        raise AssertionError(f"loop {path} runs without a record")
    return step


def _begin_turn(run: Run, path: str, task: For, turn: int, item: Any) -> None:
    """Begin a turn, or end the loop where its ``while`` no longer holds."""
    body = body_of(path, task, task.block, turn)
    own = {task.each: item, task.at: turn}
    if task.while_ is not None and not View(run, path, task.node, own).holds(task.while_):
        stop = WorkflowStepSkipped(
            workflow_instance_id=run.instance_id,
            step_path=body,
            step_name=task.node.name,
            kind="iteration",
            reason="condition",
        )
        run.record(stop)
        return
    begun = WorkflowStepStarted(
        workflow_instance_id=run.instance_id,
        step_path=body,
        step_name=task.node.name,
        kind="iteration",
        document=encode(item),
        index=turn,
    )
    run.record(begun)
    run.begin(f"{body}/0")
