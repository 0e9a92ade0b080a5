"""Looks at waiting steps that stop at a bound and go on by themselves, in decisions of their own.

Thousands of steps may become free at once: a pool that grows, a tenant that is reactivated. One decision begins a
portion of them, so that neighbours on the partition wait for no more than that. What is left follows by a timer that
stands in a record of state, whatever happens otherwise.
Source: domain.md §5.3 (fair share), reliability.md §12 (every bound has a number).
"""

from typing import Literal

from processors.decision import Decision
from processors.workflow.limits import CONTINUE_MICROS
from processors.workflow.state import DeferredSteps
from schemas.messages.workflow.facts import WaitingStepsDeferred

Queue = Literal["admission", "suspended"]


def defer(decision: Decision, queue: Queue, begun: int) -> None:
    """Let the next look at the queue follow; once a decision, however often its looks stop."""
    waits_for = _continues_at(decision, queue)
    if waits_for is None or waits_for <= decision.at:
        continues_at = decision.at + CONTINUE_MICROS
        _say(decision, queue, begun, continues_at)


def settle(decision: Decision, queue: Queue, begun: int) -> None:
    """Note that a look came to its end: a timer whose time has come has nothing more to do."""
    waits_for = _continues_at(decision, queue)
    if waits_for is not None and waits_for <= decision.at:
        _say(decision, queue, begun, None)


def _continues_at(decision: Decision, queue: Queue) -> int | None:
    record = decision.tables.get(DeferredSteps, queue)
    return record.continues_at if record is not None else None


def _say(decision: Decision, queue: Queue, begun: int, continues_at: int | None) -> None:
    fact = WaitingStepsDeferred(queue=queue, begun=begun, continues_at=continues_at)
    decision.record(fact, by_engine=True)
