"""Where a fault's program works: the site, the load on it, chance, and the account."""

import random
import threading
import time
from collections.abc import Callable
from typing import Final

from tests.fault.account import Account
from tests.fault.brokers import Brokers, OneBroker, ThreeBrokers
from tests.fault.disks import SmallDisks
from tests.fault.journal import Journal
from tests.fault.load import Load, Seen
from tests.fault.site import DRIVER, WORKERS, Site, until

EDITIONS: Final = {
    "fault-a": "enterprise",
    "fault-i": "enterprise",
    "fault-c": "enterprise",
    "fault-d": "free",
}
"""fault-a and fault-i share a partition, fault-c lies on the other worker, fault-d meets its quotas all the time."""
CONCURRENCY: Final = {"fault-a": 8, "fault-i": 4, "fault-c": 8, "fault-d": 3}
BACK_SECONDS: Final = 120
DRAIN_SECONDS: Final = 240


class NotHereError(Exception):
    """A fault that cannot be done on this machine; the sentence says why."""


class Field:
    """What every program is given."""

    def __init__(
        self,
        place: Site,
        brokers: Brokers,
        account: Account,
        seed: int,
        disks: SmallDisks | None,
        *,
        per_second: float,
    ) -> None:
        self.place = place
        self.account = account
        self.random = random.Random(seed)  # noqa: S311 - which worker dies is no secret
        self.journal = Journal(place.folder / "journal.jsonl")
        self._per_second = per_second
        self.load = self._loaded()
        self.row = ""
        self._brokers = brokers
        self._disks = disks

    @property
    def broker(self) -> OneBroker:
        """The broker of a site that has one."""
        if not isinstance(self._brokers, OneBroker):
            raise TypeError("this fault needs a site with one broker")
        return self._brokers

    @property
    def three(self) -> ThreeBrokers:
        """The brokers of a site that has three."""
        if not isinstance(self._brokers, ThreeBrokers):
            raise TypeError("this fault needs a site with three brokers")
        return self._brokers

    @property
    def disks(self) -> SmallDisks:
        """The small disks of a site that has them. Raises NotHereError."""
        if self._disks is None:
            raise NotHereError("small disks need root, to mount them")
        return self._disks

    def a_worker(self) -> str:
        """Give one of the usual workers by chance."""
        return self.random.choice(WORKERS)

    def last(self, seconds: float) -> None:
        """Let a fault last so long, while the load goes on; its length is the fault's, nothing is waited for."""
        end = time.monotonic() + seconds
        pause = threading.Event()
        while (left := end - time.monotonic()) > 0:
            self.check()
            pause.wait(min(left, 0.5))

    def until(self, what: str, holds: Callable[[], bool], seconds: float = BACK_SECONDS) -> None:
        """Wait for a condition; an error of the load ends the wait. Raises TimeoutError."""

        def held() -> bool:
            self.check()
            return holds()

        until(what, held, seconds)

    def check(self) -> None:
        """Raise what has ended the load."""
        if self.load.error is not None:
            raise self.load.error

    def healed(self, what: str, since: float, seconds: float = BACK_SECONDS) -> float:
        """Wait until every tenant has a fact made after the instant, and then for more work; note the time it took."""
        self.until(f"work after {what}", lambda: self.load.outage(since) is not None, seconds)
        outage = self.load.outage(since) or 0.0
        self.account.took(what, outage)
        # The next fault meets a system at work, not one that has just come back.
        self.more(10)
        return outage

    def more(self, workflows: int, seconds: float = BACK_SECONDS) -> None:
        """Wait until so many more workflows have ended."""
        ended = self.load.ended
        self.until(
            f"{workflows} more workflows", lambda: self.load.ended >= ended + workflows, seconds
        )

    def hit(self, count: int = 1) -> None:
        """Note that the fault of the present row was seen to hit."""
        self.account.done[self.row] += count
        self.account.say(f"{self.row} x{self.account.done[self.row]}; {self.progress()}")

    def progress(self) -> str:
        """Say how far the load is."""
        return f"{self.load.ended} workflows ended, {len(self.load.open)} open"

    def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Start no more workflows and wait for the ends of those that run. Raises TimeoutError."""
        self.load.finish()
        try:
            self.until("every workflow has ended", lambda: not self.load.open, seconds)
        except TimeoutError:
            some = "; ".join(
                f"{instance} of {tenant}, last fact {self.load.last_of(instance)}"
                for instance, tenant in list(self.load.open.items())[:5]
            )
            raise TimeoutError(f"{len(self.load.open)} workflows have no end: {some}") from None
        self.load.halt()

    def load_again(self) -> None:
        """Begin to load again after ``drain``; what was seen counts on."""
        self.load = self._loaded(self.load.seen)
        self.load.start()

    def _loaded(self, seen: Seen | None = None) -> Load:
        return Load(
            self.place.bootstrap,
            CONCURRENCY,
            self.journal,
            DRIVER,
            seen,
            per_second=self._per_second,
        )
