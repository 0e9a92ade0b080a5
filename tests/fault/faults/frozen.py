"""Processes that stand still: zombies, pauses, and a worker that never comes back (F10, F11)."""

import os
import signal
import time
from pathlib import Path
from typing import Final

from tests.fault.field import Field
from tests.fault.site import WORKERS
from topics.model import PARTITIONS

PLACES: Final = ("", "produced", "offsets")
"""Where a worker is frozen: anywhere, with records written, with its offsets taken too."""
PAUSE_SECONDS: Final = (0.5, 4.0)
"""Below the session time-out of 6 s."""
VICTIM, OTHER = WORKERS[1], WORKERS[0]


def zombies(field: Field, times: int) -> None:
    """Freeze the owner beyond its session, let another finish the work, wake it: nothing of it may count."""
    place = field.place
    for number in range(times):
        since, point = _freeze(field, PLACES[number % len(PLACES)])
        zombie = place.kill_supervisor(VICTIM)
        field.until(f"{OTHER} has it all", lambda: place.partitions(OTHER) == PARTITIONS)
        field.healed(f"zombie frozen at {point or 'any place'}", since)
        ends = place.ends_in_log(VICTIM)
        os.kill(zombie, signal.SIGCONT)
        try:
            _see_it_out(field, zombie, ends, point)
        finally:
            if _state(zombie) not in {"", "Z"}:
                os.kill(zombie, signal.SIGKILL)
        place.start_worker(VICTIM)
        place.wait_for_workers()
        field.hit()


def _freeze(field: Field, point: str) -> tuple[float, str]:
    """Stop the victim, at a place of its cycle if one is named; give when, and the place."""
    place = field.place
    if not point:
        os.kill(place.child(VICTIM), signal.SIGSTOP)
    else:
        place.stop(VICTIM)
        place.start_worker(VICTIM, FACTORY_CRASH_AT=f"{point}:2:{int(signal.SIGSTOP)}")
    field.until(f"{VICTIM} stands still", lambda: _state(place.child(VICTIM)) == "T")
    return time.time(), point


def _see_it_out(field: Field, zombie: int, ends: int, point: str) -> None:
    """Wait for its end: by a doubt where it had a transaction open; another may have joined anew, as anybody may."""
    place = field.place
    field.until(
        "the zombie ends or joins anew",
        lambda: _state(zombie) in {"", "Z"} or (not point and place.partitions(VICTIM) > 0),
    )
    if place.ends_in_log(VICTIM) > ends:
        field.account.note(f"zombie frozen at {point or 'any place'}: ended by a doubt")
    elif point:
        raise AssertionError(f"a zombie with a transaction open at {point} did not end by a doubt")
    else:
        field.account.note("zombie: gave up its share and joined anew")
        os.kill(zombie, signal.SIGTERM)
    field.until("the zombie is gone", lambda: _state(zombie) in {"", "Z"})


def dies_for_good(field: Field, times: int) -> None:
    """Kill a worker that has a transaction open and start no other in its place; the rest takes over."""
    place = field.place
    for number in range(times):
        point = PLACES[1 + number % 2]
        _freeze(field, point)
        since = place.kill_for_good(VICTIM)
        field.healed(f"dead for good at {point}", since)
        place.start_worker(VICTIM)
        place.wait_for_workers()
        field.hit()


def pauses(field: Field, times: int) -> None:
    """Freeze a worker for less than its session, again and again."""
    place = field.place
    ends = sum(place.ends_in_log(name) for name in WORKERS)
    for _ in range(times):
        name = field.a_worker()
        child, since = place.child(name), time.time()
        os.kill(child, signal.SIGSTOP)
        field.last(field.random.uniform(*PAUSE_SECONDS))
        os.kill(child, signal.SIGCONT)
        field.healed("pause", since)
        field.hit()
    ended = sum(place.ends_in_log(name) for name in WORKERS) - ends
    field.account.note(f"{ended} of {times} pauses ended a worker by a doubt")


def _state(pid: int) -> str:
    """Give the kernel's letter for a process's state; empty where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return ""
