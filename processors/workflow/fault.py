"""Why a step cannot go on, as a value, and the exception that carries it out of the middle of a step."""

from typing import Final, NamedTuple

from processors.workflow.limits import MESSAGE_CHARACTERS_MAX
from schemas.ids import DecisionId, TaskId

LIMIT: Final = "LIMIT_EXCEEDED"
"""Failure class of an instance that outgrows a bound: nothing catches it (settled.md 23)."""


class Fault(NamedTuple):
    """A failure with its class; ``fatal`` fails the instance where nothing catches it, else a person is asked."""

    failure_class: str
    message: str
    fatal: bool = False
    task_id: TaskId | None = None
    decision_id: DecisionId | None = None


class StepFaultError(Exception):
    """A step cannot begin or end; ``fault`` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def fault(failure_class: str, message: str, *, fatal: bool = False) -> StepFaultError:
    """Give the error of a fault whose message is cut to the longest that is kept."""
    return StepFaultError(Fault(failure_class, message[:MESSAGE_CHARACTERS_MAX], fatal))
