"""``try``/``catch``: a failure inside is tried again or handed to the catch list."""

from processors.workflow.backoff import retry_at
from processors.workflow.definition.model import Block, Try
from processors.workflow.documents import NULL, encode
from processors.workflow.fault import Fault, StepFaultError
from processors.workflow.finishing import complete_step, last_output, timeout_of
from processors.workflow.outline import body_of, plain, split
from processors.workflow.run import Run
from processors.workflow.state import WorkflowStep
from processors.workflow.values import View
from processors.workflow.withdrawing import abandon
from schemas.messages.workflow.facts import WorkflowStepRetried, WorkflowStepStarted


def start(run: Run, path: str, task: Try) -> None:
    """Begin the list that is tried."""
    fact = WorkflowStepStarted(
        workflow_instance_id=run.instance_id,
        step_path=path,
        step_name=task.node.name,
        kind="try",
        timeout_at=timeout_of(run, task.node),
    )
    run.record(fact)
    run.begin(f"{body_of(path, task, task.block)}/0")


def body_ended(run: Run, path: str, task: Try, body: str) -> None:
    """End the step with the output of the list that ended: the tried one, or the catch."""
    complete_step(run, path, task, last_output(run, body))


def catcher(run: Run, path: str, fault: Fault) -> tuple[str, Try] | None:
    """Give (running path, task) of the innermost ``try`` that handles a failure of a step, or None."""
    body, _ = split(path)
    holder = run.outline.holder(body)
    while holder is not None:
        around, task = holder
        if (
            isinstance(task, Try)
            and plain(body) == task.block.path
            and _handles(run, around, task, path, fault)
        ):
            return around, task
        body, _ = split(around)
        holder = run.outline.holder(body)
    return None


def _handles(run: Run, around: str, task: Try, path: str, fault: Fault) -> bool:
    if task.classes and fault.failure_class not in task.classes:
        return False
    if task.when is None:
        return True
    own = {task.error_as: _error(run, path, fault)}
    try:
        return View(run, around, task.node, own).holds(task.when)
    except StepFaultError:
        return False  # a condition that says nothing handles nothing


def _error(run: Run, path: str, fault: Fault) -> dict[str, str]:
    """Give the error as the catch list sees it."""
    return {
        "class": fault.failure_class,
        "message": fault.message,
        "step": run.outline.task(path).node.name,
    }


def caught(run: Run, around: str, task: Try, path: str, fault: Fault) -> None:
    """Give up what is left of the tried list, then try again, run the catch list, or go on."""
    abandon(run, body_of(around, task, task.block), f"{fault.failure_class}: {fault.message}")
    step = run.step(around)
    attempt = step.attempt if step is not None else 1
    retry = task.retry
    if retry is not None and attempt < retry.attempts_max and fault.failure_class in retry.classes:
        again = WorkflowStepRetried(
            workflow_instance_id=run.instance_id,
            step_path=around,
            step_name=task.node.name,
            attempt=attempt + 1,
            reason="retry",
            retry_at=retry_at(retry, f"{run.instance_id}/{around}", attempt, run.decision.at),
        )
        run.record(again)
    elif task.catch is None:
        complete_step(run, around, task, NULL)
    else:
        _run_catch(run, around, task, task.catch, encode(_error(run, path, fault)))


def _run_catch(run: Run, around: str, task: Try, catch: Block, error: str) -> None:
    body = body_of(around, task, catch)
    fact = WorkflowStepStarted(
        workflow_instance_id=run.instance_id,
        step_path=body,
        step_name=task.node.name,
        kind="catch",
        document=error,
    )
    run.record(fact)
    run.begin(f"{body}/0")


def again(run: Run, path: str, task: Try, step: WorkflowStep) -> None:
    """Begin the tried list once more: the pause before it has passed."""
    fact = WorkflowStepStarted(
        workflow_instance_id=run.instance_id,
        step_path=path,
        step_name=task.node.name,
        kind="try",
        timeout_at=step.timeout_at,
    )
    run.record(fact)
    run.begin(f"{body_of(path, task, task.block)}/0")
