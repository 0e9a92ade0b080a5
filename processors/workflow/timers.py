"""What the context's records wait for, and what happens when it has passed.

Whatever ends a step, a task or an instance leaves no deadline in its record, so no timer finds an instance ended but
the one that archives it.
"""

from processors import tenancy
from processors.decision import Decision
from processors.rules import TimerRule, Timers
from processors.workflow.advance import advance
from processors.workflow.deferral import Queue, settle
from processors.workflow.definition.model import Try
from processors.workflow.documents import NULL
from processors.workflow.ending import fail
from processors.workflow.fault import Fault, StepFaultError
from processors.workflow.finishing import complete_step
from processors.workflow.holding import release_suspended
from processors.workflow.queues import try_queues
from processors.workflow.reassignment import expire
from processors.workflow.run import Run, run_of
from processors.workflow.settlement import settle_in_full
from processors.workflow.state import (
    HELD,
    OPEN_STEPS,
    TERMINAL,
    AgentTask,
    DeferredSteps,
    HeldReservation,
    WorkflowInstance,
    WorkflowStep,
)
from processors.workflow.steps import attempt
from schemas.ids import ReservationId, TaskId, WorkflowInstanceId
from schemas.messages.workflow.facts import WorkflowInstanceArchived

TIMED_OUT = "timeout"
"""Failure class of what took longer than its definition allows."""


def _earliest(*instants: int | None) -> int | None:
    return min((instant for instant in instants if instant is not None), default=None)


def step_deadline(step: WorkflowStep) -> int | None:
    """Give when an open step wakes or times out."""
    if step.status not in OPEN_STEPS or step.status == "Escalated":
        return None
    return _earliest(step.wakes_at, step.timeout_at)


def fire_step(decision: Decision, record_id: str, step: WorkflowStep) -> None:
    """Wake the step, or fail it because it took too long."""
    instance_id, _, path = record_id.partition("/")
    run = run_of(decision, WorkflowInstanceId(instance_id))
    if step.timeout_at is not None and step.timeout_at <= decision.at:
        message = f"{step.step_name} did not end in time"
        run.failed(path, Fault(TIMED_OUT, message, fatal=True, task_id=step.task_id))
    else:
        _wake(run, path, step)
    advance(run)


def _wake(run: Run, path: str, step: WorkflowStep) -> None:
    task = run.outline.task(path)
    if isinstance(task, Try):
        attempt.again(run, path, task, step)
        return
    try:
        complete_step(run, path, task, NULL)
    except StepFaultError as error:
        run.failed(path, error.fault)


def task_deadline(task: AgentTask) -> int | None:
    """Give when a held task expires, or a waiting one is tried again."""
    if task.status in HELD:
        return min(task.lease_expires_at, task.deadline_at)
    return task.retry_at


def fire_task(decision: Decision, record_id: str, task: AgentTask) -> None:
    """Expire the attempt, or begin the next one."""
    run = run_of(decision, task.workflow_instance_id)
    if task.status in HELD:
        expire(run, TaskId(record_id), task)
    else:
        run.begin(task.step_path)
    advance(run)


def instance_deadline(instance: WorkflowInstance) -> int | None:
    """Give when a running instance times out, or an ended one is forgotten."""
    return instance.archives_at if instance.status in TERMINAL else instance.timeout_at


def fire_instance(decision: Decision, record_id: str, instance: WorkflowInstance) -> None:
    """Fail the instance because it took too long, or forget it because retention has passed."""
    instance_id = WorkflowInstanceId(record_id)
    run = run_of(decision, instance_id)
    if instance.status in TERMINAL:
        run.record(WorkflowInstanceArchived(workflow_instance_id=instance_id))
    else:
        fail(run, Fault(TIMED_OUT, "the workflow did not end in time"), "")


def reservation_deadline(held: HeldReservation) -> int:
    """Give when the grace of a held reservation ends."""
    return held.settles_at


def fire_reservation(decision: Decision, record_id: str, held: HeldReservation) -> None:
    """Settle it in full: nobody said what was spent."""
    run_of(decision, held.workflow_instance_id).of_task(held.task_id)
    settle_in_full(decision, ReservationId(record_id), held)


def deferred_deadline(deferred: DeferredSteps) -> int | None:
    """Give when the next look at waiting steps begins."""
    return deferred.continues_at


def fire_deferred(decision: Decision, record_id: str, _deferred: DeferredSteps) -> None:
    """Go on with a look that stopped at its bound; a suspended tenant's reactivation looks at everything anew."""
    queue: Queue = "suspended" if record_id == "suspended" else "admission"
    if not tenancy.is_active(decision):
        settle(decision, queue, 0)
    elif queue == "suspended":
        release_suspended(decision, advance)
    elif not try_queues(decision, advance):
        settle(decision, queue, 0)


TIMERS: Timers = {
    WorkflowInstance: TimerRule(instance_deadline, fire_instance),
    WorkflowStep: TimerRule(step_deadline, fire_step),
    AgentTask: TimerRule(task_deadline, fire_task),
    HeldReservation: TimerRule(reservation_deadline, fire_reservation),
    DeferredSteps: TimerRule(deferred_deadline, fire_deferred),
}
