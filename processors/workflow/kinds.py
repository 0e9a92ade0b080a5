"""Names of the kinds of task, as facts spell them."""

from typing import Final

from processors.workflow.definition import model
from processors.workflow.state import StepKind

_KINDS: Final[dict[type, StepKind]] = {
    model.CallAgentTask: "agentTask",
    model.CallApproval: "approval",
    model.SetData: "set",
    model.Switch: "switch",
    model.Fork: "fork",
    model.For: "for",
    model.Wait: "wait",
    model.Try: "try",
    model.Raise: "raise",
}


def kind_of(task: model.Task) -> StepKind:
    """Give the name of a task's kind."""
    return _KINDS[type(task)]
