"""Workers that come and go for a while (F9)."""

import time
from typing import Final

from tests.fault.field import CONCURRENCY, Field
from tests.fault.site import WORKERS

NAMES: Final = (*WORKERS, "worker-3", "worker-4")
EVERY_SECONDS: Final = (1.0, 3.0)
WINDOW_SECONDS: Final = 10


def storm(field: Field, seconds: int) -> None:
    """Start and end workers by chance, between one and four of them; something must be decided all the time."""
    place, begun = field.place, time.time()
    while time.time() < begun + seconds:
        _one(field)
        field.last(field.random.uniform(*EVERY_SECONDS))
        field.account.done[field.row] = int(time.time() - begun)
    over = time.time()
    for name in NAMES:
        if name not in place.members and name in WORKERS:
            place.start_worker(name)
        elif name in place.members and name not in WORKERS:
            place.stop(name)
    place.wait_for_workers()
    field.healed("rebalance storm", over)
    quiet = _quiet_windows(field, begun, over)
    field.account.note(f"storm of {over - begun:.0f} s: 10 s windows without a fact {quiet}")
    if quiet["all tenants"]:
        raise AssertionError(f"{quiet['all tenants']} windows of 10 s passed without any fact")


def _one(field: Field) -> None:
    """Start a worker that does not run, or end one that does, by SIGTERM or SIGKILL."""
    place = field.place
    name = field.random.choice(NAMES)
    if name not in place.members:
        place.start_worker(name)
    elif len([n for n in NAMES if n in place.members]) > 1:
        if field.random.random() < 0.5:
            place.stop(name)
        else:
            place.kill_for_good(name)


def _quiet_windows(field: Field, begun: float, over: float) -> dict[str, int]:
    """Count the windows without a fact, of each tenant and of all together."""
    busy = {
        tenant: {int((at - begun) // WINDOW_SECONDS) for at in field.load.since(tenant, begun)}
        for tenant in CONCURRENCY
    }
    busy["all tenants"] = set().union(*busy.values())
    windows = set(range(int((over - begun) // WINDOW_SECONDS)))
    return {who: len(windows - seen) for who, seen in busy.items()}
