"""What a skill's handler sees of an agent task, and what it answers."""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias
from uuid import uuid4

from schemas.messages.workflow.messages import AgentTaskAssignment, InputArtifact
from topics.spans import is_on
from topics.trace_context import TraceContext, own_span, parsed

FailureClass = Literal["validation", "external", "agent", "infrastructure"]
Phase = Literal["ContextLoading", "Executing", "Validating", "Correcting"]
Json: TypeAlias = Any
"""A JSON value."""

CLASSIFICATION: Final = "Internal"


class TaskFailedError(Exception):
    """Raise it in a handler: the task fails with this class (domain.md §5.2) and sentence.

    ``external`` faults are retried with back-off, honouring ``retry_after_seconds``; ``validation`` never.
    """

    def __init__(
        self,
        message: str,
        failure_class: FailureClass = "agent",
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.failure_class: FailureClass = failure_class
        self.retry_after_seconds = retry_after_seconds


class TaskWithdrawnError(Exception):
    """Raised out of ``AgentTask.check`` when the control plane has taken the task back: stop working on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInvocation:
    """One call of a model: what is priced and checked against the model policy. Its id is metered once."""

    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    invocation_id: str = field(default_factory=lambda: f"inv-{uuid4()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputArtifact:
    """One artifact that the task made; its body lies in the blob store, only this goes on the log."""

    name: str
    artifact_type: str
    version: str
    content_hash: str
    storage_ref: str
    classification: str = CLASSIFICATION


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """A handler's full answer; a handler may also return the output alone (a JSON value)."""

    output: Json
    invocations: Sequence[ModelInvocation] = ()
    artifacts: Sequence[OutputArtifact] = ()
    input_artifact_ids: Sequence[str] | None = None
    """Artifacts that the work was derived from; None = all that the task was given."""
    findings: Sequence[str] = ()
    """What the agent's own validation found; not empty = the result is not valid and will be corrected."""


class AgentTask:
    """A task under this worker's lease."""

    def __init__(self, assignment: AgentTaskAssignment) -> None:
        self.assignment = assignment
        self.execution_id = f"exec-{uuid4()}"
        self.assigned_by = parsed(assignment.traceparent)
        """Span of the assignment."""
        self.context = self._own_context()
        """Span of the work on it; current while the handler runs, and what its answer hangs under."""
        self.inputs: dict[str, Json] = json.loads(assignment.inputs)
        self.withdrawn = threading.Event()
        self.progress: tuple[Phase, int, str] | None = None

    def _own_context(self) -> TraceContext:
        """Give the execution's span, or the assignment's where this process sends no spans."""
        if self.assigned_by is not None and not is_on():
            return self.assigned_by
        return TraceContext(self.assignment.trace_id, own_span(self.execution_id))

    @property
    def traceparent(self) -> str:
        """The W3C header for whatever the work calls."""
        return self.context.traceparent

    @property
    def skill(self) -> str:
        """Name of the skill asked for."""
        return self.assignment.requested_skill

    @property
    def intent(self) -> str:
        """What the task is to achieve, as a sentence."""
        return self.assignment.intent

    @property
    def input_artifacts(self) -> tuple[InputArtifact, ...]:
        """Artifacts that the inputs come from: where their bodies lie, and which step made each."""
        return self.assignment.input_artifacts

    @property
    def attempt(self) -> int:
        """Number of this attempt, from 1; findings of the one before are in ``assignment.findings``."""
        return self.assignment.attempt

    def report(self, phase: Phase, percent: int, message: str = "") -> None:
        """Say how far the work is; sent with the next heartbeat."""
        self.progress = (phase, percent, message)

    def check(self) -> None:
        """Raise TaskWithdrawnError if the task was taken back: call it between steps of long work."""
        if self.withdrawn.is_set():
            raise TaskWithdrawnError(self.assignment.task_id)
