"""Keeps one worker running: a fail-stop is answered with a new process at once.

A worker ends itself on any doubt and a new one restores; that is safe only if somebody starts it. Starts are
bounded: a worker that keeps failing right after its start needs a person, so the supervisor gives up and says so.
A worker that ends refused (exits.py) needs one at once: it is not started again.

SIGUSR2 restarts the worker with hardly a pause: a successor is started beside it, with the code that is on disk now,
and only once that has caught up is the worker told to end (successor.py). A successor that cannot start changes
nothing.
"""

import logging
import os
import signal
import subprocess
import threading
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
READY_VARIABLE: Final = "FACTORY_READY_FD"
"""Environment variable that makes a worker a successor and names the pipe on which it says that it is ready."""


class Supervisor:
    """Runs a command as a child process until it ends by itself with 0 or a stop is asked for."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        starts_max: int = STARTS_MAX,
        window_s: float = WINDOW_S,
        has_successors: bool = False,
    ) -> None:
        self._command = list(command)
        self._has_successors = has_successors
        self._successor: subprocess.Popen[bytes] | None = None
        self._starts_max = starts_max
        self._window_s = window_s
        self._starts: deque[float] = deque()
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = False

    def run(self) -> int:
        """Supervise; give the exit code: 0 after a stop, 1 if it fails again and again, 78 if it may not start."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        if self._has_successors:
            signal.signal(signal.SIGUSR2, self._on_hand_over)
        while self._may_start():
            self._child = self._take_successor() or self._start()
            status = self._wait()
            if self._stopping or status == 0:
                return 0
            if status == REFUSED_EXIT:
                return status  # its last line said why; a new start would say the same
            log.warning("worker ended with status %d; starting it again", status)
        log.error(
            "the worker ended %d times in %.0f s: giving up", self._starts_max, self._window_s
        )
        return GAVE_UP

    def _start(self, ready: int | None = None) -> subprocess.Popen[bytes]:
        """Start a worker; one with a pipe to say that it is ready is a successor."""
        given = () if ready is None else (ready,)
        named = {} if ready is None else {READY_VARIABLE: str(ready)}
        # A group of its own: a terminal's interrupt must reach the worker once, from here.
        child = subprocess.Popen(  # noqa: S603 - our own command
            self._command, start_new_session=True, pass_fds=given, env={**os.environ, **named}
        )
        log.info("worker started as process %d", child.pid)
        if self._stopping:
            child.send_signal(signal.SIGTERM)
        return child

    def _wait(self) -> int:
        """Wait for the worker's end, and for that of each successor which takes its place; give the last status."""
        while True:
            if self._child is None:
                raise AssertionError("a worker is started before its end is waited for")
            status = self._child.wait()
            successor = self._take_successor()
            if successor is None:
                return status
            log.info("process %d goes on for the worker that ended", successor.pid)
            self._child = successor

    def _take_successor(self) -> subprocess.Popen[bytes] | None:
        """Give the successor if there is one that runs, or whose end a stop waits for."""
        successor, self._successor = self._successor, None
        if successor is None or (successor.poll() is not None and not self._stopping):
            return None
        return successor

    def _on_hand_over(self, _number: int, _frame: FrameType | None) -> None:
        worker = self._child
        if self._stopping or worker is None or self._successor is not None:
            return
        reader, writer = os.pipe()
        self._successor = self._start(writer)
        os.close(writer)
        given = (worker, self._successor, reader)
        threading.Thread(target=self._hand_over, args=given, daemon=True).start()

    def _hand_over(
        self, worker: subprocess.Popen[bytes], successor: subprocess.Popen[bytes], reader: int
    ) -> None:
        """Tell the worker to end once its successor has caught up."""
        with os.fdopen(reader, "rb") as pipe:
            is_ready = bool(pipe.read(1))
        if is_ready:
            log.info("process %d has caught up; process %d is to end", successor.pid, worker.pid)
            worker.send_signal(signal.SIGTERM)
            return
        status = successor.wait()
        if self._successor is successor:
            self._successor = None
        log.error("the successor ended with status %d; the worker goes on", status)

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
        for each in self._running():
            each.send_signal(signal.SIGTERM)
        signal.signal(signal.SIGALRM, self._on_late)
        signal.setitimer(signal.ITIMER_REAL, STOP_S)

    def _on_late(self, _number: int, _frame: FrameType | None) -> None:
        for each in self._running():
            each.kill()

    def _running(self) -> list[subprocess.Popen[bytes]]:
        return [each for each in (self._child, self._successor) if each is not None]
