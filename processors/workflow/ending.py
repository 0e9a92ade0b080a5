"""How an instance ends: well, by a failure, or by a person's word."""

from processors import tenancy
from processors.workflow.definition.model import Node
from processors.workflow.documents import decode, encode
from processors.workflow.fault import Fault, StepFaultError
from processors.workflow.finishing import last_output
from processors.workflow.limits import RETENTION_MICROS
from processors.workflow.run import Run
from processors.workflow.values import View
from processors.workflow.withdrawing import abandon
from schemas.messages.workflow.facts import (
    WorkflowInstanceCancelled,
    WorkflowInstanceCompleted,
    WorkflowInstanceFailed,
)

ROOT = "do"
"""The outermost list."""


def complete(run: Run) -> None:
    """End the instance well; its output is that of its last step, shaped as the definition says."""
    try:
        output = _output(run)
    except StepFaultError as error:
        fail(run, error.fault, "")
        return
    abandon(run, ROOT, "the workflow has ended")
    fact = WorkflowInstanceCompleted(
        workflow_instance_id=run.instance_id, output=output, archives_at=_archives_at(run)
    )
    run.record(fact)
    _close(run, "completed")


def _output(run: Run) -> str:
    output, shape = last_output(run, ROOT), run.outline.definition.output_as
    if shape is None:
        return output
    whole = Node(path=ROOT, name=run.outline.definition.name, line=1)
    view = View(run, f"{ROOT}/0", whole)
    return encode(view.value(shape, output=decode(output)))


def fail(run: Run, fault: Fault, path: str) -> None:
    """End the instance with a failure."""
    abandon(run, ROOT, f"the workflow failed: {fault.failure_class}")
    fact = WorkflowInstanceFailed(
        workflow_instance_id=run.instance_id,
        failure_class=fault.failure_class,
        message=fault.message,
        step_path=path,
        archives_at=_archives_at(run),
    )
    run.record(fact)
    _close(run, "failed")


def cancel(run: Run, reason: str) -> None:
    """End the instance because a person says so."""
    abandon(run, ROOT, "the workflow was cancelled")
    fact = WorkflowInstanceCancelled(
        workflow_instance_id=run.instance_id, reason=reason, archives_at=_archives_at(run)
    )
    run.decision.record(fact)
    _close(run, "cancelled")


def _archives_at(run: Run) -> int:
    return run.decision.at + RETENTION_MICROS


def _close(run: Run, reason: str) -> None:
    run.agenda.clear()
    tenancy.release(run.decision, run.instance.reservation_id, reason)
