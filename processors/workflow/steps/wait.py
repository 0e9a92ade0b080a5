"""``wait``: a durable timer."""

from processors.workflow.definition.model import Wait
from processors.workflow.finishing import timeout_of
from processors.workflow.run import Run
from schemas.messages.workflow.facts import WorkflowStepStarted


def start(run: Run, path: str, task: Wait) -> None:
    """Wait; a timer ends the step."""
    fact = WorkflowStepStarted(
        workflow_instance_id=run.instance_id,
        step_path=path,
        step_name=task.node.name,
        kind="wait",
        wakes_at=run.decision.at + task.micros,
        timeout_at=timeout_of(run, task.node),
    )
    run.record(fact)
