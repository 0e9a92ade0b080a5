"""Ends of processes: at random, at a named place of a cycle, on request (F1, F2, F5, F31)."""

import time
from functools import partial
from typing import Final

from streams.crashpoints import POINTS
from streams.supervisor import STARTS_MAX, WINDOW_S
from tests.fault.field import Field
from tests.fault.site import AGENTS, WORKERS

ONCE: Final = ("assigned", "restored")
"""Places that a worker passes once after its start; it dies there the first time, at the others the second."""


ENDS_MAX: Final = STARTS_MAX - 2
"""Kills of one worker in the time over which a supervisor counts its starts: with more it would give up, rightly."""


def kill_workers(field: Field, times: int) -> None:
    """Kill -9 a worker by chance; its supervisor starts another."""
    ends: dict[str, list[float]] = {name: [] for name in WORKERS}

    def mortal() -> list[str]:
        counted = time.time() - WINDOW_S
        return [name for name in WORKERS if sum(at > counted for at in ends[name]) < ENDS_MAX]

    for _ in range(times):
        field.until("a worker that may be killed", lambda: bool(mortal()), WINDOW_S)
        name = field.random.choice(mortal())
        ends[name].append(field.place.kill_worker(name))
        field.healed("kill -9 worker", ends[name][-1])
        field.hit()


def kill_agents(field: Field, times: int) -> None:
    """Kill -9 an agent by chance."""
    for _ in range(times):
        field.healed("kill -9 agent", field.place.kill_agent(field.random.choice(AGENTS)))
        field.hit()


def _crashed(field: Field, point: str, times: int) -> bool:
    return field.place.crashes_in_log(WORKERS[1], point) >= times


def crash_points(field: Field, times: int) -> None:
    """Let a worker die so often at each place of its cycle, while the other goes on."""
    place, name = field.place, WORKERS[1]
    for point in POINTS:
        wanted = place.crashes_in_log(name, point) + times
        place.stop(name)
        place.start_worker(name, FACTORY_CRASH_AT=f"{point}:{1 if point in ONCE else 2}")
        field.until(f"{times} crashes at {point}", partial(_crashed, field, point, wanted))
        field.hit(times)
    place.roll_worker(name)
    place.wait_for_workers()


def roll(field: Field, times: int) -> None:
    """End each worker with SIGTERM and start it again."""
    for _ in range(times):
        for name in WORKERS:
            field.healed("SIGTERM, rolling", field.place.roll_worker(name))
        field.hit()


def kill_broker(field: Field, times: int) -> None:
    """Kill -9 the broker and start it again on the same data."""
    for _ in range(times):
        since = field.broker.kill()
        field.broker.start()
        field.healed("kill -9 broker", since)
        field.place.wait_for_workers()
        field.hit()
