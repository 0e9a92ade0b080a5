"""What an attempt spent: metered once, and counted in place of what was reserved (settled.md 22)."""

from processors import costs, tenancy
from processors.costs import Usage
from processors.decision import Decision
from processors.workflow.need import COST, INPUT, OUTPUT
from processors.workflow.state import AgentTask, HeldReservation
from schemas.ids import EventId, ReservationId
from schemas.messages.workflow.commands import CompleteAgentTask, FailAgentTask


def settle_result(
    decision: Decision,
    command: CompleteAgentTask | FailAgentTask,
    task: AgentTask,
    source: EventId,
) -> None:
    """Settle the newest attempt's reservation with what its result reports; ``source`` is the fact that tells of it."""
    usage = _metered(decision, command, task, source)
    tenancy.settle(decision, task.reservation_id, _amounts(usage))


def settle_stale(
    decision: Decision,
    command: CompleteAgentTask | FailAgentTask,
    task: AgentTask,
    source: EventId,
) -> None:
    """Count what a stale result spent: in its held reservation while there is one, else as usage without one."""
    usage = _metered(decision, command, task, source)
    reservation_id = ReservationId(f"task/{command.task_id}/{command.attempt}")
    if decision.tables.get(HeldReservation, reservation_id) is not None:
        tenancy.settle(decision, reservation_id, _amounts(usage))
    else:
        tenancy.meter(decision, _amounts(usage), decision.scope.project_id, "stale result")


def settle_in_full(
    decision: Decision, reservation_id: ReservationId, held: HeldReservation
) -> None:
    """Count all that was reserved: nobody said in time what was spent."""
    amounts = {INPUT: held.input_tokens, OUTPUT: held.output_tokens, COST: held.cost}
    tenancy.settle(decision, reservation_id, amounts)


def _metered(
    decision: Decision,
    command: CompleteAgentTask | FailAgentTask,
    task: AgentTask,
    source: EventId,
) -> Usage:
    return costs.record_usage(
        decision,
        source_event_id=source,
        task_id=command.task_id,
        workflow_instance_id=task.workflow_instance_id,
        project_id=decision.scope.project_id,
        agent_id=command.agent_id,
        skill=task.skill,
        invocations=command.model_invocations,
    )


def _amounts(usage: Usage) -> dict[str, int]:
    return {INPUT: usage.input_tokens, OUTPUT: usage.output_tokens, COST: usage.cost}
