"""Admission of an agent task: nothing is recorded until the answer is definite (settled.md 22).

In this order: a free agent of the role, the quotas in all dimensions, the inputs, policy, the
reservation. What is short lets the step wait; what is wrong fails it.
"""

from processors import agents, tenancy
from processors.contract import Rejection
from processors.tenancy import Shortage
from processors.workflow.assignment import Granted, assign
from processors.workflow.definition.model import CallAgentTask
from processors.workflow.fault import fault
from processors.workflow.gating import Work, gate
from processors.workflow.limits import INTENT_CHARACTERS_MAX
from processors.workflow.need import Need, need_of
from processors.workflow.queues import block, unblock
from processors.workflow.run import Run
from processors.workflow.state import AgentTask, WorkflowStep
from processors.workflow.values import View
from schemas.ids import ReservationId, TaskId


def admit(run: Run, path: str, call: CallAgentTask) -> None:
    """Assign the step's task, or let the step wait; raises StepFaultError where it cannot be done at all."""
    step = run.step(path)
    task_id = step.task_id if step is not None else None
    task = run.tables.get(AgentTask, task_id) if task_id is not None else None
    need = need_of(run.decision, call, task, run.project_id)
    if not agents.pool_room(run.decision, call.role):
        block(run, path, call, step, None)
        return
    attempt = 1 if task is None else task.attempt + 1
    task_id = task_id or TaskId(f"task-{run.decision.derive('task')}")
    reservation_id = ReservationId(f"task/{task_id}/{attempt}")
    short = tenancy.shortage(run.decision, need.amounts, run.project_id, call.role)
    if short is not None:
        # Each says so once: the quota once a window, which sets the timer of the window's edge, the step once.
        _reserve(run, call, need, reservation_id)
        _wait_or_ask(run, path, call, step, short)
        return
    work = _work(run, path, call, need, attempt)
    allowed = gate(run, path, call, step=step, need=need, work=work)
    if allowed is None:
        return
    unblock(run, path, call, step)
    refused = _reserve(run, call, need, reservation_id)
    if refused is not None:  # no quota: a budget that no reservation may hold
        raise fault("unresolved", refused.rule)
    assign(
        run,
        path,
        call,
        step=step,
        task=task,
        granted=Granted(need, work, allowed, task_id, reservation_id),
    )


def _reserve(
    run: Run, call: CallAgentTask, need: Need, reservation_id: ReservationId
) -> Rejection | None:
    """Charge the need to the tenant, to the project and to the role: the strictest wins."""
    return tenancy.reserve(
        run.decision, reservation_id, need.amounts, run.project_id, agent_role=call.role
    )


def _wait_or_ask(
    run: Run, path: str, call: CallAgentTask, step: WorkflowStep | None, short: Shortage
) -> None:
    """Let the step wait for the quota; raises StepFaultError where no waiting helps: it needs more than there ever is.

    A limit of nothing stops all work for a time and is waited for.
    """
    if 0 < short.limit < short.wanted:
        needs = f"needs {short.wanted} of {short.dimension}"
        raise fault("quota", f"{needs}, the limit of {short.scope} is {short.limit}")
    run.short = short
    block(run, path, call, step, short)


def _work(run: Run, path: str, call: CallAgentTask, need: Need, attempt: int) -> Work:
    """Evaluate what is asked for; raises StepFaultError of class ``validation`` where the skill would not take it."""
    view = View(run, path, call.node)
    inputs = view.document(call.inputs)
    findings = agents.check_input(need.skill, inputs)
    if findings:
        raise fault("validation", f"inputs of {need.skill_reference}: {'; '.join(findings)}")
    intent = view.text(call.intent)
    if len(intent) > INTENT_CHARACTERS_MAX:
        raise fault(
            "validation",
            f"the intent has {len(intent)} characters, at most {INTENT_CHARACTERS_MAX}",
        )
    return Work(inputs, intent, attempt)
