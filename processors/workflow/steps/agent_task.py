"""``call: agentTask``: an agent with the role and skill does it under a lease."""

from processors.workflow.admission import admit
from processors.workflow.definition.model import CallAgentTask
from processors.workflow.run import Run


def start(run: Run, path: str, call: CallAgentTask) -> None:
    """Ask for admission; the task's result ends the step."""
    admit(run, path, call)
