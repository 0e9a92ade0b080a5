"""What a failed step leads to: a catch, the end of the instance, or a question to a person."""

from processors.workflow.ending import fail
from processors.workflow.fault import LIMIT, Fault
from processors.workflow.kinds import kind_of
from processors.workflow.run import Run
from processors.workflow.steps.attempt import catcher, caught
from processors.workflow.withdrawing import abandon, withdraw_waits
from schemas.messages.workflow.facts import WorkflowInstanceEscalated, WorkflowStepFailed

CHOICES = ("retry", "skip", "cancel")
"""What a person may answer to an escalation."""


def handle(run: Run, path: str, fault: Fault) -> None:
    """Record the failure of a step and let what handles it go on."""
    task = run.outline.task(path)
    why = f"{fault.failure_class}: {fault.message}"
    abandon(run, path, why)
    step = run.step(path)
    if step is not None:
        withdraw_waits(run, step, why)
    failed = WorkflowStepFailed(
        workflow_instance_id=run.instance_id,
        step_path=path,
        step_name=task.node.name,
        kind=kind_of(task),
        failure_class=fault.failure_class,
        message=fault.message,
        task_id=fault.task_id,
        decision_id=fault.decision_id,
    )
    run.record(failed)
    if fault.failure_class == LIMIT:
        fail(run, fault, path)
        return
    handler = catcher(run, path, fault)
    if handler is not None:
        caught(run, *handler, path, fault)
    elif fault.fatal:
        fail(run, fault, path)
    else:
        escalate(run, path, fault)


def escalate(run: Run, path: str, fault: Fault) -> None:
    """Ask a person: the step stays as it is until one answers; other branches go on."""
    fact = WorkflowInstanceEscalated(
        workflow_instance_id=run.instance_id,
        step_path=path,
        step_name=run.outline.task(path).node.name,
        cause=fault.failure_class,
        message=fault.message,
        choices=CHOICES,
        task_id=fault.task_id,
        decision_id=fault.decision_id,
    )
    run.record(fact)
