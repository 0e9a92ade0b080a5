"""The link between worker and broker: broken, and slow (F12)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.fault.field import Field
from tests.fault.proxy import Link, Proxy
from tests.fault.site import WORKERS

BROKEN: Final = {Link.CUT: 8.0, Link.HALF_OPEN: 8.0, Link.RESET: 1.0, Link.STALLED: 12.0}
"""How long each lasts, seconds: all but the reset beyond the session time-out of 6 s."""
SLOW_WORKFLOWS: Final = 15
SLOW_SECONDS_MAX: Final = 240


@contextmanager
def _behind_a_proxy(field: Field, *names: str) -> Iterator[Proxy]:
    """Put workers behind a proxy; they are back on the straight way afterwards."""
    place, proxy = field.place, field.broker.proxy()
    proxy.start()
    for name in names:
        place.stop(name)
        place.start_worker(name, KAFKA_BOOTSTRAP=field.broker.link)
    place.wait_for_workers()
    try:
        field.more(10)
        if not proxy.forwarded:
            raise AssertionError("nothing passes the proxy")
        yield proxy
    finally:
        proxy.become(Link.WHOLE)
        for name in names:
            place.roll_worker(name)
        proxy.stop()
        place.wait_for_workers()


def broken_links(field: Field, rounds: int) -> None:
    """Break one worker's link in every way; the other takes over, and both are at work again afterwards."""
    with _behind_a_proxy(field, WORKERS[1]) as proxy:
        for _ in range(rounds):
            for link, seconds in BROKEN.items():
                ends = field.place.ends_in_log(WORKERS[1])
                proxy.become(link)
                field.last(seconds)
                proxy.become(Link.WHOLE)
                field.healed(f"link {link}, after it healed", time.time())
                field.place.wait_for_workers()
                ended = field.place.ends_in_log(WORKERS[1]) - ends
                field.account.note(f"link {link}: the worker ended {ended} times by a doubt")
            field.hit()


def slow_broker(field: Field, rounds: int) -> None:
    """Slow the way to the broker for every worker; work goes on, slowly."""
    with _behind_a_proxy(field, *WORKERS) as proxy:
        for _ in range(rounds):
            for link in (Link.DELAYED, Link.SLOW):
                proxy.become(link)
                begun = time.monotonic()
                field.more(SLOW_WORKFLOWS, SLOW_SECONDS_MAX)
                field.account.took(
                    f"{SLOW_WORKFLOWS} workflows, link {link}", time.monotonic() - begun
                )
                proxy.become(Link.WHOLE)
                field.healed(f"link {link}, after it healed", time.time())
            field.hit()
