"""``fork``: branches run at once; joined when all have ended, or by the first of a competition."""

from processors.workflow.definition.model import Fork
from processors.workflow.documents import decode, encode
from processors.workflow.finishing import complete_step, last_output, timeout_of
from processors.workflow.outline import body_of, plain
from processors.workflow.run import Run
from processors.workflow.withdrawing import abandon
from schemas.messages.workflow.facts import WorkflowStepCompleted, WorkflowStepStarted


def start(run: Run, path: str, task: Fork) -> None:
    """Begin all branches."""
    fact = WorkflowStepStarted(
        workflow_instance_id=run.instance_id,
        step_path=path,
        step_name=task.node.name,
        kind="fork",
        total=len(task.branches),
        timeout_at=timeout_of(run, task.node),
    )
    run.record(fact)
    for _, block in task.branches:
        run.begin(f"{body_of(path, task, block)}/0")


def body_ended(run: Run, path: str, task: Fork, body: str) -> None:
    """Count a branch that has ended; end the fork with the last one, or the first of a competition."""
    output = last_output(run, body)
    name = next(name for name, block in task.branches if block.path == plain(body))
    fact = WorkflowStepCompleted(
        workflow_instance_id=run.instance_id,
        step_path=body,
        step_name=name,
        kind="branch",
        output=output,
    )
    run.record(fact)
    step = run.step(path)
    if task.compete:
        abandon(run, path, "another branch was first")
        complete_step(run, path, task, output)
    elif step is not None and step.ended == step.total:
        complete_step(run, path, task, _joined(run, path, task))


def _joined(run: Run, path: str, task: Fork) -> str:
    """Give the outputs of the branches by their names."""
    branches = {name: run.step(body_of(path, task, block)) for name, block in task.branches}
    return encode({name: decode(step.output) for name, step in branches.items() if step})
