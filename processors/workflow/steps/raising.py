"""``raise``: fails with a class and a sentence."""

from processors.workflow.definition.model import Raise
from processors.workflow.fault import fault
from processors.workflow.run import Run
from processors.workflow.values import View


def start(run: Run, path: str, task: Raise) -> None:
    """Fail; where nothing catches it, the instance fails."""
    message = View(run, path, task.node).text(task.message)
    raise fault(task.failure_class, message, fatal=True)
