"""``set``: names in the workflow's context, or in that of the body that runs beside others."""

from processors.workflow.definition.model import SetData
from processors.workflow.run import Run
from processors.workflow.values import View, set_scope
from schemas.messages.workflow.facts import WorkflowStepCompleted


def start(run: Run, path: str, task: SetData) -> None:
    """Set the names; all expressions see the context as it was before."""
    fact = WorkflowStepCompleted(
        workflow_instance_id=run.instance_id,
        step_path=path,
        step_name=task.node.name,
        kind="set",
        output=View(run, path, task.node).document(task.values),
        scope_path=set_scope(run, path),
    )
    run.record(fact)
    run.ended(path)
