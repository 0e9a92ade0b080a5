"""Processes of a local system: started with a log file each, stopped in reverse order, by pid and never by name."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from schemas.output import OperatorError

READY_SECONDS_MAX: Final = 60
STOP_SECONDS_MAX: Final = 20
POLL_SECONDS: Final = 0.05


class StartError(OperatorError):
    """A process ended or did not get ready; the sentence names its log file."""


@dataclass(frozen=True, slots=True)
class Member:
    """One process of the fleet."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


class Fleet:
    """Starts and stops the processes of a local system; a context manager that stops all it started."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self._logs = logs
        self._environment = dict(environment)
        self.members: list[Member] = []

    def start(
        self, name: str, *arguments: str, module: str = "streams.cli", **environment: str
    ) -> Member:
        """Start ``factory <arguments>`` in a session of its own: a Ctrl-C reaches only us, and we decide the order.

        ``module`` names another program than ``factory``.
        """
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{name}.log"
        with log.open("ab") as sink:
            process = subprocess.Popen(  # noqa: S603 - our own command line
                [sys.executable, "-m", module, *arguments],
                env={**os.environ, **self._environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        member = Member(name, process, log)
        self.members.append(member)
        return member

    def wait_until(self, what: str, ready: Callable[[], bool]) -> None:
        """Wait until ``ready`` holds. Raises StartError if a process ends or the deadline passes."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise StartError(
                    f"{what} was not ready after {READY_SECONDS_MAX} s: the logs in {self._logs} say more."
                )
            time.sleep(POLL_SECONDS)

    def check(self) -> None:
        """Raise StartError if a process has ended by itself."""
        for member in self.members:
            if member.process.poll() is not None:
                raise StartError(f"{member.name} ended by itself{_last_line(member.log)}")

    def stop(self) -> None:
        """Ask every process to end, last started first, and insist after a deadline."""
        for member in reversed(self.members):
            if member.process.poll() is None:
                member.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS_MAX
        for member in reversed(self.members):
            try:
                member.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                member.process.kill()
                member.process.wait()
        self.members.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f": {lines[-1]} ({log})" if lines else f" ({log})"
