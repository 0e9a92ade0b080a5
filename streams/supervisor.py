"""Keeps one worker running: a fail-stop is answered with a new process at once.

A worker ends itself on any doubt and a new one restores; that is safe only if somebody starts it. Starts are
bounded: a worker that keeps failing right after its start needs a person, so the supervisor gives up and says so.
A worker that ends refused (exits.py) needs one at once: it is not started again.
"""

import logging
import signal
import subprocess
import time
from collections import deque
from collections.abc import Sequence
from types import FrameType
from typing import Final

from streams.exits import REFUSED_EXIT

log = logging.getLogger(__name__)

STARTS_MAX: Final = 10
"""Most starts within WINDOW_S; a broker outage costs fewer, the worker waits for it first."""
WINDOW_S: Final = 60.0
STOP_S: Final = 60.0
"""How long a worker may take to end its cycle and leave after a stop was asked for."""
GAVE_UP: Final = 1


class Supervisor:
    """Runs a command as a child process until it ends by itself with 0 or a stop is asked for."""

    def __init__(
        self, command: Sequence[str], *, starts_max: int = STARTS_MAX, window_s: float = WINDOW_S
    ) -> None:
        self._command = list(command)
        self._starts_max = starts_max
        self._window_s = window_s
        self._starts: deque[float] = deque()
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = False

    def run(self) -> int:
        """Supervise; give the exit code: 0 after a stop, 1 if it fails again and again, 78 if it may not start."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        while self._may_start():
            # A group of its own: a terminal's interrupt must reach the worker once, from here.
            self._child = subprocess.Popen(self._command, start_new_session=True)  # noqa: S603 - our own command
            log.info("worker started as process %d", self._child.pid)
            if self._stopping:
                self._child.send_signal(signal.SIGTERM)
            status = self._child.wait()
            if self._stopping or status == 0:
                return 0
            if status == REFUSED_EXIT:
                return status  # its last line said why; a new start would say the same
            log.warning("worker ended with status %d; starting it again", status)
        log.error(
            "the worker ended %d times in %.0f s: giving up", self._starts_max, self._window_s
        )
        return GAVE_UP

    def _may_start(self) -> bool:
        now = time.monotonic()
        while self._starts and now - self._starts[0] > self._window_s:
            self._starts.popleft()
        if len(self._starts) >= self._starts_max:
            return False
        self._starts.append(now)
        return True

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        if self._stopping:
            return
        self._stopping = True
        if self._child is not None:
            self._child.send_signal(signal.SIGTERM)
        signal.signal(signal.SIGALRM, self._on_late)
        signal.setitimer(signal.ITIMER_REAL, STOP_S)

    def _on_late(self, _number: int, _frame: FrameType | None) -> None:
        if self._child is not None:
            self._child.kill()
