"""How steps begin to wait and end well: the facts that all kinds have in common."""

from processors.workflow.definition.model import Node, Task
from processors.workflow.documents import NULL
from processors.workflow.kinds import kind_of
from processors.workflow.outline import split
from processors.workflow.run import Run
from processors.workflow.values import shaped
from schemas.messages.workflow.facts import WorkflowStepCompleted


def timeout_of(run: Run, node: Node) -> int | None:
    """Give when a step that begins now times out, or None."""
    return None if node.timeout_micros is None else run.decision.at + node.timeout_micros


def complete_step(run: Run, path: str, task: Task, output: str) -> None:
    """End a step well, its output shaped as its definition says."""
    fact = WorkflowStepCompleted(
        workflow_instance_id=run.instance_id,
        step_path=path,
        step_name=task.node.name,
        kind=kind_of(task),
        output=shaped(run, path, task.node, output),
    )
    run.record(fact)
    run.ended(path)


def last_output(run: Run, body: str) -> str:
    """Give the output (JSON) of a list: that of the last of its steps that was done; a switch only passes on."""
    for index in reversed(range(len(run.outline.block(body).tasks))):
        step = run.step(f"{body}/{index}")
        if step is not None and step.status == "Completed" and step.kind != "switch":
            return step.output
    return NULL


def next_in_list(run: Run, path: str) -> None:
    """Go on behind a step that has ended."""
    body, index = split(path)
    if index + 1 < len(run.outline.block(body).tasks):
        run.begin(f"{body}/{index + 1}")
    else:
        run.body_ended(body)
