"""One instance inside one decision: what it reads, and the agenda of what happens to it next.

Steps put what follows from them on the agenda in place of calling one another, so that a loop of a thousand turns that
waits for nobody needs no deep stack.
"""

from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from processors.contract import ReadTables, Scope
from processors.decision import Decision
from processors.workflow import definitions
from processors.workflow.documents import decode
from processors.workflow.fault import Fault
from processors.workflow.outline import Outline
from processors.workflow.state import (
    TERMINAL,
    WorkflowDocument,
    WorkflowInstance,
    WorkflowStep,
    step_id,
)
from schemas.ids import EventId, PrincipalId, ProjectId, TaskId, WorkflowInstanceId

if TYPE_CHECKING:
    from processors.tenancy import Shortage

USUAL = 3
"""Priority of an instance that leaves its tasks' priorities as the definition says."""


class Begin(NamedTuple):
    """A step is to begin."""

    path: str


class Ended(NamedTuple):
    """A step has ended; its output stands in its record."""

    path: str


class BodyEnded(NamedTuple):
    """A list of steps has run to its end."""

    path: str


class Failed(NamedTuple):
    """A step cannot go on."""

    path: str
    fault: Fault


Action = Begin | Ended | BodyEnded | Failed


class Run:
    """An instance under decision. Facts recorded through it carry the instance's scope."""

    def __init__(
        self,
        decision: Decision,
        instance_id: WorkflowInstanceId,
        instance: WorkflowInstance,
        outline: Outline,
    ) -> None:
        self.decision = decision
        self.tables: ReadTables = decision.tables
        self.instance_id = instance_id
        self.outline = outline
        self.project_id: ProjectId | None = instance.project_id
        self.started_by = PrincipalId(instance.started_by)
        self.agenda: deque[Action] = deque()
        self.comes_from_queue = False
        self.short: Shortage | None = None
        """Quota that an admission found short."""
        self._urgency = instance.priority - USUAL
        self.scope = Scope(
            trace_id=instance.trace_id,
            correlation_id=instance.correlation_id,
            project_id=instance.project_id,
            workflow_instance_id=instance_id,
        )
        decision.scope = self.scope

    @property
    def instance(self) -> WorkflowInstance:
        """The header as the facts so far left it."""
        found = self.tables.get(WorkflowInstance, self.instance_id)
        if found is None:
            raise AssertionError(
                f"workflow instance {self.instance_id} vanished under its decision"
            )
        return found

    @property
    def is_over(self) -> bool:
        """Whether the instance has ended."""
        return self.instance.status in TERMINAL

    @property
    def input(self) -> Any:
        """The workflow's input."""
        return self.document("input")

    def priority(self, of_task: int) -> int:
        """Give a task's priority in this instance, 1 (first) to 5: the instance's own moves it up or down."""
        return max(1, min(5, of_task + self._urgency))

    def document(self, name: str) -> Any:
        """Give the value of one of the instance's documents, None where there is none."""
        record = self.tables.get(WorkflowDocument, f"{self.instance_id}/{name}")
        return decode(record.document) if record is not None else None

    def step(self, path: str) -> WorkflowStep | None:
        """Give the record of a running step or body."""
        return self.tables.get(WorkflowStep, step_id(self.instance_id, path))

    def record(self, fact: Struct) -> EventId:
        """Record what the engine itself does (settled.md 15)."""
        return self.decision.record(fact, by_engine=True)

    def of_task(self, task_id: TaskId | None) -> None:
        """Let the facts that follow belong to a task too; None ends it."""
        self.decision.scope = self.scope._replace(task_id=task_id)

    def begin(self, path: str) -> None:
        """Put the beginning of a step on the agenda."""
        self.agenda.append(Begin(path))

    def ended(self, path: str) -> None:
        """Put the end of a step on the agenda."""
        self.agenda.append(Ended(path))

    def body_ended(self, body: str) -> None:
        """Put the end of a list on the agenda."""
        self.agenda.append(BodyEnded(body))

    def failed(self, path: str, fault: Fault) -> None:
        """Put the failure of a step on the agenda."""
        self.agenda.append(Failed(path, fault))


def open_run(decision: Decision, instance_id: WorkflowInstanceId) -> Run | None:
    """Give the run of an instance, None where there is no such instance."""
    instance = decision.tables.get(WorkflowInstance, instance_id)
    if instance is None:
        return None
    outline = definitions.outline_of(decision, instance)
    return Run(decision, instance_id, instance, outline)


def run_of(decision: Decision, instance_id: WorkflowInstanceId) -> Run:
    """Give the run of an instance that must be there, because a record of its own names it."""
    run = open_run(decision, instance_id)
    if run is None:
        raise AssertionError(f"workflow instance {instance_id} is named and does not exist")
    return run
