"""What the commands about an instance have in common: finding it, and refusing what its status forbids."""

from typing import Protocol

from processors.contract import Rejection
from processors.decision import Decision
from processors.workflow.run import Run, open_run
from processors.workflow.state import WorkflowInstance, WorkflowStep
from schemas.ids import ProjectId, WorkflowInstanceId


class Steering(Protocol):
    """A command about an instance."""

    @property
    def workflow_instance_id(self) -> WorkflowInstanceId:
        """The instance."""
        ...


def project_of(command: Steering, decision: Decision) -> ProjectId | None:
    """Give the project of the instance that a command steers: its people may steer it (``CommandRule.project_of``)."""
    instance = decision.tables.get(WorkflowInstance, command.workflow_instance_id)
    return instance.project_id if instance is not None else None


def running(decision: Decision, instance_id: WorkflowInstanceId) -> Run | Rejection:
    """Give the run of an instance that has not ended; NOT_FOUND, INVALID_STATE."""
    run = open_run(decision, instance_id)
    if run is None:
        return Rejection(
            "NOT_FOUND", "the workflow instance exists", "workflowInstanceId", got=instance_id
        )
    if run.is_over:
        return wrong_status("an instance that has not ended", run)
    return run


def wrong_status(expected: str, run: Run) -> Rejection:
    """Give the refusal of a command that the instance's status forbids."""
    return Rejection(
        "INVALID_STATE",
        "the instance's status allows the command",
        "workflowInstanceId",
        expected,
        run.instance.status,
    )


def escalated(run: Run, path: str) -> WorkflowStep | Rejection:
    """Give the record of a step that a person is asked about; NOT_FOUND, INVALID_STATE."""
    step = run.step(path)
    if step is None:
        return Rejection("NOT_FOUND", "the step has begun", "stepPath", got=path)
    if step.status != "Escalated":
        return Rejection(
            "INVALID_STATE", "only an escalation is answered", "stepPath", "Escalated", step.status
        )
    return step
