"""How waiting steps and their queues follow from facts.

A step that waits for an agent or a quota stands in the queue of its role, priority and project. The id of its
place ends in the sequence of the fact that put it there, so that the first of a queue is the longest waiting,
after a restart too.
"""

from msgspec.structs import replace

from processors.contract import Meta, Tables
from processors.workflow.evolve_instance import step_of
from processors.workflow.state import (
    QUEUES,
    AgentTask,
    ApprovalWait,
    DeferredSteps,
    WaitingQueue,
    WaitingStep,
    WorkflowStep,
    step_id,
)
from schemas.ids import ProjectId, WorkflowInstanceId
from schemas.messages.workflow import facts

SUSPENDED = "suspended"
"""Queue of the steps that a suspended tenant holds up."""
_FOR_ADMISSION = frozenset({"pool", "quota"})


def paused_queue(instance_id: WorkflowInstanceId) -> str:
    """Give the queue of the steps that a paused instance holds up."""
    return f"paused-{instance_id}"


def queue_name(role: str, priority: int, project_id: ProjectId | None) -> str:
    """Give the queue of a role's tasks of one priority and project, so that no project's limit holds up another's."""
    return f"{role}.{priority}" if project_id is None else f"{role}.{priority}.{project_id}"


def _queue(fact: facts.WorkflowInstanceBlocked, meta: Meta) -> str:
    if fact.reason in _FOR_ADMISSION:
        return queue_name(fact.agent_role, fact.priority, meta.scope.project_id)
    return SUSPENDED if fact.reason == "suspended" else paused_queue(fact.workflow_instance_id)


def leave_queue(tables: Tables, step: WorkflowStep) -> None:
    """Take a step out of the queue it stands in, if any; an empty queue is forgotten."""
    if not step.waiting_id:
        return
    tables.delete(WaitingStep, step.waiting_id)
    queue_id = f"{QUEUES}/{step.waiting_id.partition('/')[0]}"
    queue = tables.get(WaitingQueue, queue_id)
    if queue is None:
        return
    if queue.waiting > 1:
        tables.put(queue_id, replace(queue, waiting=queue.waiting - 1))
    else:
        tables.delete(WaitingQueue, queue_id)


def blocked(tables: Tables, fact: facts.WorkflowInstanceBlocked, meta: Meta) -> None:
    """Hold a ready step up: in a queue, or at an approval."""
    record_id = step_id(fact.workflow_instance_id, fact.step_path)
    step = tables.get(WorkflowStep, record_id)
    if step is None:
        step = WorkflowStep(step_name=fact.step_name, kind=fact.kind, status="Blocked")
    leave_queue(tables, step)
    _ready(tables, step)
    waits = {"waiting_id": "", "timeout_at": fact.timeout_at or step.timeout_at}
    if fact.approval_id is not None:
        tables.put(
            fact.approval_id,
            ApprovalWait(
                workflow_instance_id=fact.workflow_instance_id,
                step_path=fact.step_path,
                purpose="assignment",
            ),
        )
        held = replace(
            step,
            status="AwaitingApproval",
            approval_id=fact.approval_id,
            subject_digest=fact.subject_digest,
            approved=False,
            **waits,
        )
    else:
        waits["waiting_id"] = _enqueue(tables, fact, meta)
        held = replace(step, status="Blocked", **waits)
    tables.put(record_id, held)


def _ready(tables: Tables, step: WorkflowStep) -> None:
    """Let a task whose pause before a retry has passed wait for nothing but its admission."""
    task = tables.get(AgentTask, step.task_id) if step.task_id is not None else None
    if step.task_id is not None and task is not None and task.status == "AwaitingRetry":
        tables.put(step.task_id, replace(task, status="Ready", retry_at=None))


def _enqueue(tables: Tables, fact: facts.WorkflowInstanceBlocked, meta: Meta) -> str:
    name = _queue(fact, meta)
    waiting_id = f"{name}/{meta.sequence:016d}"
    waiting = WaitingStep(
        workflow_instance_id=fact.workflow_instance_id,
        step_path=fact.step_path,
        reason=fact.reason,
        blocked_at=meta.at,
    )
    tables.put(waiting_id, waiting)
    if fact.reason in _FOR_ADMISSION:
        queue_id = f"{QUEUES}/{name}"
        queue = tables.get(WaitingQueue, queue_id)
        count = 1 if queue is None else queue.waiting + 1
        tables.put(
            queue_id,
            WaitingQueue(agent_role=fact.agent_role, priority=fact.priority, waiting=count),
        )
    return waiting_id


def unblocked(tables: Tables, fact: facts.WorkflowInstanceUnblocked, _: Meta) -> None:
    """Let the step go on; a granted approval is remembered until the step is assigned."""
    record_id = step_id(fact.workflow_instance_id, fact.step_path)
    step = step_of(tables, fact.workflow_instance_id, fact.step_path)
    leave_queue(tables, step)
    if fact.approval_id is not None:
        tables.delete(ApprovalWait, fact.approval_id)
    tables.put(
        record_id,
        replace(
            step,
            status="Running",
            waiting_id="",
            approval_id=None if fact.approval_id is not None else step.approval_id,
            approved=step.approved or fact.approval_id is not None,
        ),
    )


def deferred(tables: Tables, fact: facts.WaitingStepsDeferred, _: Meta) -> None:
    """Note whether the look at a queue is to go on; the record stays, because its version counts on."""
    tables.put(fact.queue, DeferredSteps(continues_at=fact.continues_at))
