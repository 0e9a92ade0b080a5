"""Processes known by more than their number, so that a reused pid is never taken for the broker."""

import os
import signal
import subprocess
import time
from pathlib import Path

POLL_S = 0.02
KILL_WAIT_S = 10.0
"""How long the kernel may take to end a process after SIGKILL (it may sit in a disk write)."""


def identity(pid: int) -> str | None:
    """Give what tells this process from a later one with the same pid; None if none is running.

    On Linux the boot and the start tick of the process, elsewhere the start time `ps` reports. A
    process that ended and was not yet collected by its parent counts as not running.
    """
    _collect(pid)
    if Path("/proc/self/stat").is_file():
        return _identity_from_proc(pid)
    return _identity_from_ps(pid)


def is_running(pid: int, expected_identity: str) -> bool:
    """Tell whether the very process that was recorded still runs."""
    return identity(pid) == expected_identity


def stop(pid: int, expected_identity: str, grace_s: float) -> bool:
    """End the recorded process and give True once it is gone; leave any other one alone.

    SIGTERM first; SIGKILL after `grace_s`. False if even that did not end it.
    """
    for number, wait_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, KILL_WAIT_S)):
        if not is_running(pid, expected_identity):
            return True
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline:
            if not is_running(pid, expected_identity):
                return True
            time.sleep(POLL_S)
    return False


def _collect(pid: int) -> None:
    """Take the exit code of a child of ours, which would stay as a zombie otherwise."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _identity_from_proc(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name, field 2, may hold spaces and brackets; the rest starts after the last ).
    rest = stat[stat.rindex(")") + 2 :].split()
    state, threads, start_ticks = rest[0], int(rest[17]), rest[19]
    # While its other threads are still ending, a killed process keeps its ports and its files.
    if state in {"Z", "X"} and threads <= 1:
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    return f"{boot}:{start_ticks}"


def _identity_from_ps(pid: int) -> str | None:
    answer = subprocess.run(  # noqa: S603 - a fixed program with a number
        ["/bin/ps", "-o", "state=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    state, _, started = answer.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else started.strip()
