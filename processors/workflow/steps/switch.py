"""``switch``: the first case that holds says where to go on."""

from processors.workflow.definition.model import Case, Switch
from processors.workflow.documents import encode
from processors.workflow.ending import complete
from processors.workflow.outline import plain, split
from processors.workflow.run import Run
from processors.workflow.values import View
from schemas.messages.workflow.facts import WorkflowStepCompleted

_NO_CASE = Case("", None, "continue")


def start(run: Run, path: str, task: Switch) -> None:
    """Choose, record the choice, and go there."""
    view = View(run, path, task.node)
    case = next((c for c in task.cases if c.when is None or view.holds(c.when)), _NO_CASE)
    fact = WorkflowStepCompleted(
        workflow_instance_id=run.instance_id,
        step_path=path,
        step_name=task.node.name,
        kind="switch",
        output=encode({"case": case.name, "then": case.then}),
    )
    run.record(fact)
    _go(run, path, case.then)


def _go(run: Run, path: str, then: str) -> None:
    body, _ = split(path)
    if then == "continue":
        run.ended(path)
    elif then == "exit":
        run.body_ended(body)
    elif then == "end":
        complete(run)
    else:
        run.begin(f"{body}/{run.outline.positions[plain(body)][then]}")
