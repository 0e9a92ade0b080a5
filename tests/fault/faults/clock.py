"""A worker's clock that jumps (F23). The machine's own clock stays: only what the worker looks at is shifted."""

import time
from pathlib import Path
from typing import Final

from schemas.messages.workflow.facts import WorkflowStepCompleted, WorkflowStepStarted
from tests.fault.field import Field
from tests.fault.odd_worker import CLOCK_FILE
from tests.fault.site import WORKERS
from topics.consumer import EventConsumer

HOURS: Final = (2, -2)
AHEAD_WORKFLOWS: Final = 30
"""Every tenth waits for a deadline, which must not come early."""
BEHIND_SECONDS: Final = 8.0
"""Deadlines wait while the clock is behind: for that long, and then they come."""


def jumps(field: Field, times: int) -> None:
    """Let both workers' clocks jump ahead, far behind, and back to the truth."""
    place, file, begun = field.place, field.place.folder / "clock", time.time()
    file.write_text("0")
    for name in WORKERS:
        place.stop(name)
        place.start_odd_worker(name, **{CLOCK_FILE: str(file)})
    place.wait_for_workers()
    for _ in range(times):
        _set(file, HOURS[0])
        field.more(AHEAD_WORKFLOWS)
        _set(file, HOURS[1])
        field.last(BEHIND_SECONDS)
        _set(file, 0)
        field.healed("clock, after it was right again", time.time())
        field.hit()
    late = lateness(place.bootstrap, begun)
    field.account.note(f"clock: {len(late)} deadlines, {sum(at < 0 for at in late)} of them early")
    if not late or min(late) < 0:
        raise AssertionError(
            f"no deadline passed, or one was over early: {min(late, default=None)} s"
        )
    for name in WORKERS:
        place.roll_worker(name)
    place.wait_for_workers()


def _set(file: Path, hours: int) -> None:
    beside = file.with_suffix(".new")
    beside.write_text(str(hours * 3600))
    beside.replace(file)


def lateness(bootstrap: str, since: float) -> list[float]:
    """Give how many seconds after its deadline each wait was over, of those begun after the instant."""
    wakes: dict[tuple[str, str], int] = {}
    late = []
    with EventConsumer(bootstrap=bootstrap, contexts=["workflow"]) as events:
        for event in events.from_time(int(since * 1e6)).until_end():
            fact = event.payload
            if isinstance(fact, WorkflowStepStarted) and fact.wakes_at is not None:
                wakes[fact.workflow_instance_id, fact.step_path] = fact.wakes_at
            elif isinstance(fact, WorkflowStepCompleted):
                deadline = wakes.pop((fact.workflow_instance_id, fact.step_path), None)
                if deadline is not None:
                    late.append((event.envelope.occurred_at - deadline) / 1e6)
    return late
