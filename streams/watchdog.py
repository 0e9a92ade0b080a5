"""Ends a process that hangs: every wait has a deadline, and this is the one above all others (runtime.md guard 14)."""

import faulthandler
import threading
import time
from collections.abc import Callable

from streams.exits import doubt


class Watchdog:
    """Ends the process if no progress is made for a while, wherever it hangs (guard 14)."""

    def __init__(self, wait_s: float, on_hang: Callable[[BaseException], None] = doubt) -> None:
        self._wait_s = wait_s
        self._on_hang = on_hang
        self._beat = time.monotonic()
        self._done = threading.Event()

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def beat(self) -> None:
        """Note that progress was made."""
        self._beat = time.monotonic()

    def stop(self) -> None:
        """Stop watching."""
        self._done.set()

    @property
    def silent_s(self) -> float:
        """How long ago progress was made, seconds."""
        return time.monotonic() - self._beat

    def _watch(self) -> None:
        while not self._done.wait(0.5):
            if self.silent_s > self._wait_s:
                faulthandler.dump_traceback()
                self._on_hang(TimeoutError(f"no progress for {self._wait_s:.0f} s"))
