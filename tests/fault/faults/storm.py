"""Workers that come and go for a while (F9)."""

import time
from itertools import pairwise
from typing import Final

from tests.fault.field import CONCURRENCY, Field
from tests.fault.site import WORKERS

COMING_AND_GOING: Final = (WORKERS[1], "worker-3", "worker-4")
"""The first worker stays: where nobody stays, the longest start of a worker is all that can be seen."""
EVERY_SECONDS: Final = (1.0, 3.0)
JOIN_SECONDS_MAX: Final = 15
WINDOW_SECONDS: Final = 10
SHARED_ANEW: Final = "kept ["
"""What a worker says of an assignment."""
TERM_SHARE: Final = 0.5
"""Ends by SIGTERM; the others are by SIGKILL."""


def storm(field: Field, seconds: int) -> None:
    """Start and end workers by chance, so that one to four run; something must be decided all the time."""
    place, begun = field.place, time.time()
    before = place.said(WORKERS[0], SHARED_ANEW)
    while time.time() < begun + seconds:
        _one(field)
        field.last(field.random.uniform(*EVERY_SECONDS))
        field.account.done[field.row] = int(time.time() - begun)
    over = time.time()
    for name in COMING_AND_GOING:
        if name not in place.members and name in WORKERS:
            place.start_worker(name)
        elif name in place.members and name not in WORKERS:
            place.stop(name)
    place.wait_for_workers()
    field.healed("rebalance storm", over)
    shared = place.said(WORKERS[0], SHARED_ANEW) - before
    if not shared:
        raise AssertionError("the partitions were never shared out anew: no storm")
    gaps = _longest_gaps(field, begun, over)
    said = ", ".join(f"{who} {seconds:.1f} s" for who, seconds in gaps.items())
    field.account.note(
        f"storm of {over - begun:.0f} s, {shared} assignments of one worker: longest time without a fact {said}"
    )
    if gaps["all tenants"] > WINDOW_SECONDS:
        raise AssertionError(f"nothing was decided for {gaps['all tenants']:.1f} s")


def _one(field: Field) -> None:
    """Start a worker that does not run, or end one that does, by SIGTERM or SIGKILL."""
    place = field.place
    name = field.random.choice(COMING_AND_GOING)
    if name not in place.members:
        place.start_worker(name)
        # Ended before it has joined it would have disturbed nobody: on a busy machine a start takes long.
        end = time.monotonic() + JOIN_SECONDS_MAX
        while place.partitions(name) == 0 and time.monotonic() < end:
            field.last(EVERY_SECONDS[0] / 5)
    elif field.random.random() < TERM_SHARE:
        place.stop(name)
    else:
        place.kill_for_good(name)


def _longest_gaps(field: Field, begun: float, over: float) -> dict[str, float]:
    """Give the longest time without a fact, of each tenant and of all together, in seconds."""
    made = {tenant: sorted(field.load.since(tenant, begun)) for tenant in CONCURRENCY}
    made["all tenants"] = sorted(at for each in made.values() for at in each)
    return {
        who: max(b - a for a, b in pairwise([begun, *(at for at in each if at < over), over]))
        for who, each in made.items()
    }
