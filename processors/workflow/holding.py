"""Step boundaries: a step of a paused instance or a suspended tenant waits there."""

from collections.abc import Callable
from itertools import islice
from typing import Literal

from processors import tenancy
from processors.decision import Decision
from processors.workflow.deferral import defer, settle
from processors.workflow.definition.model import Task
from processors.workflow.evolve_queue import SUSPENDED, paused_queue
from processors.workflow.kinds import kind_of
from processors.workflow.limits import ADMISSIONS_MAX, RELEASED_FACTS_MAX
from processors.workflow.run import Run, run_of
from processors.workflow.state import WaitingStep
from schemas.messages.workflow.facts import WorkflowInstanceBlocked, WorkflowInstanceUnblocked


def is_held(run: Run, path: str, task: Task) -> bool:
    """Hold a step up that must not begin now, and say so; give whether it is held."""
    if run.instance.status == "Paused":
        _hold(run, path, task, "paused")
    elif not tenancy.is_active(run.decision):
        _hold(run, path, task, "suspended")
    else:
        return False
    return True


def _hold(run: Run, path: str, task: Task, reason: Literal["paused", "suspended"]) -> None:
    fact = WorkflowInstanceBlocked(
        workflow_instance_id=run.instance_id,
        step_path=path,
        step_name=task.node.name,
        kind=kind_of(task),
        reason=reason,
    )
    run.record(fact)


def release_paused(run: Run) -> None:
    """Put the steps that the pause held up on the agenda."""
    queue = paused_queue(run.instance_id)
    for _, waiting in list(run.tables.children(WaitingStep, queue)):
        release(run, waiting)


def release_suspended(decision: Decision, advance: Callable[[Run], None]) -> None:
    """Let steps go on that a suspension held up, at most ADMISSIONS_MAX; the others follow by themselves.

    ``advance`` is the interpreter, handed in because it stands above this module.
    """
    scope, before, begun = decision.scope, len(decision.recorded), 0
    held = decision.tables.children(WaitingStep, SUSPENDED)
    for _, waiting in islice(held, ADMISSIONS_MAX):
        run = run_of(decision, waiting.workflow_instance_id)
        release(run, waiting)
        advance(run)
        begun += 1
        if len(decision.recorded) - before > RELEASED_FACTS_MAX:
            break
    decision.scope = scope
    if decision.tables.first(WaitingStep, SUSPENDED) is None:
        settle(decision, "suspended", begun)
    else:
        defer(decision, "suspended", begun)


def release(run: Run, waiting: WaitingStep) -> None:
    """Let one held step go on."""
    fact = WorkflowInstanceUnblocked(
        workflow_instance_id=run.instance_id,
        step_path=waiting.step_path,
        step_name=run.outline.task(waiting.step_path).node.name,
    )
    run.record(fact)
    run.begin(waiting.step_path)
