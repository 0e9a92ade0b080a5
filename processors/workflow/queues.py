"""Ready steps that could not be admitted: why they wait, and who is next when something frees.

One queue a role, priority and project, the longest waiting first. Whenever something frees, the heads are tried
in the order of priority and time until each queue's head has to wait on: the cost follows what is admitted, not
what waits.
"""

from collections.abc import Callable

from processors import tenancy
from processors.decision import Decision
from processors.tenancy import Shortage
from processors.tenancy.scopes import project_of
from processors.workflow.deferral import defer, settle
from processors.workflow.definition.model import CallAgentTask
from processors.workflow.evolve_queue import queue_name
from processors.workflow.finishing import timeout_of
from processors.workflow.limits import ADMISSIONS_MAX
from processors.workflow.run import Run, run_of
from processors.workflow.state import QUEUES, WaitingQueue, WaitingStep, WorkflowStep
from schemas.messages.workflow.facts import WorkflowInstanceBlocked, WorkflowInstanceUnblocked

LOWEST = 6
"""A priority below every real one."""


def block(
    run: Run,
    path: str,
    call: CallAgentTask,
    step: WorkflowStep | None,
    short: Shortage | None,
) -> None:
    """Let a ready step wait for a free agent of its role, or for a quota; say so once."""
    if is_queued(run, step, call):
        return
    fact = WorkflowInstanceBlocked(
        workflow_instance_id=run.instance_id,
        step_path=path,
        step_name=call.node.name,
        kind="agentTask",
        reason="pool" if short is None else "quota",
        agent_role=call.role,
        priority=run.priority(call.priority),
        dimension="" if short is None else short.dimension,
        limit=0 if short is None else short.limit,
        used=0 if short is None else short.used + short.reserved,
        wanted=0 if short is None else short.wanted,
        timeout_at=step.timeout_at if step is not None else timeout_of(run, call.node),
    )
    run.record(fact)


def is_queued(run: Run, step: WorkflowStep | None, call: CallAgentTask) -> bool:
    """Tell whether a step stands in the queue of its role, priority and project."""
    queue = queue_name(call.role, run.priority(call.priority), run.project_id)
    return step is not None and step.waiting_id.startswith(f"{queue}/")


def unblock(run: Run, path: str, call: CallAgentTask, step: WorkflowStep | None) -> None:
    """Let a step go on that stood in a queue; nothing for one that did not."""
    if step is not None and step.waiting_id:
        fact = WorkflowInstanceUnblocked(
            workflow_instance_id=run.instance_id, step_path=path, step_name=call.node.name
        )
        run.record(fact)


def try_queues(decision: Decision, advance: Callable[[Run], None], above: int = LOWEST) -> bool:
    """Admit waiting steps while there is room, at most ADMISSIONS_MAX; give whether any was tried.

    ``above``: only those of a higher priority (a smaller number).

    ``advance`` is the interpreter, handed in because it stands above this module.
    """
    queues = {
        queue_id: queue
        for queue_id, queue in decision.tables.children(WaitingQueue, QUEUES)
        if queue.priority < above
    }
    if not queues or not tenancy.is_active(decision):
        return False
    scope, tried = decision.scope, 0
    while queues and tried < ADMISSIONS_MAX:
        queue_id, waiting_id, waiting = _next(decision, queues)
        short = _try(decision, advance, waiting)
        tried += 1
        if decision.tables.get(WaitingStep, waiting_id) is not None:
            queues = _that_may_go_on(queues, queue_id, short)
        elif decision.tables.get(WaitingQueue, queue_id) is None:
            del queues[queue_id]
    decision.scope = scope
    if queues:
        defer(decision, "admission", tried)
    elif above == LOWEST:
        settle(decision, "admission", tried)
    return True


def _that_may_go_on(
    queues: dict[str, WaitingQueue], stuck_id: str, short: Shortage | None
) -> dict[str, WaitingQueue]:
    """Give the queues without those that the head of one has to wait with."""
    stuck = queues[stuck_id]
    if short is not None and project_of(short.scope) is not None:
        # A limit of its project: other projects' steps go on.
        return {name: queue for name, queue in queues.items() if name != stuck_id}
    # Its role's other queues come later in order and could only overtake it.
    return {name: queue for name, queue in queues.items() if queue.agent_role != stuck.agent_role}


def _next(decision: Decision, queues: dict[str, WaitingQueue]) -> tuple[str, str, WaitingStep]:
    """Give (queue, place, step) of the first in order: priority, then time."""
    heads = []
    for queue_id, queue in queues.items():
        head = decision.tables.first(WaitingStep, queue_id.partition("/")[2])
        if head is None:
            raise AssertionError(f"{queue_id} counts steps and holds none")
        heads.append((queue.priority, head[0].rpartition("/")[2], queue_id, head))
    _, _, queue_id, (waiting_id, waiting) = min(heads, key=lambda head: head[:2])
    return queue_id, waiting_id, waiting


def _try(
    decision: Decision, advance: Callable[[Run], None], waiting: WaitingStep
) -> Shortage | None:
    """Begin a waiting step; give the quota that is short, None where it is the pool, or nothing."""
    run = run_of(decision, waiting.workflow_instance_id)
    run.comes_from_queue = True
    run.begin(waiting.step_path)
    advance(run)
    return run.short
