import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from streams.local import process


@pytest.fixture
def spawned() -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Start Python programs that say a line once they run; none outlives the test."""
    running: list[subprocess.Popen[bytes]] = []

    def spawn(program: str) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(
            [sys.executable, "-c", f"{program}\nprint('up', flush=True)\ninput()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        running.append(child)
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
        return child

    yield spawn
    for child in running:
        child.kill()
        child.communicate()


Spawn = Callable[[str], "subprocess.Popen[bytes]"]


def _identity(child: "subprocess.Popen[bytes]") -> str:
    identity = process.identity(child.pid)
    assert identity is not None
    return identity


def test_a_process_keeps_its_identity() -> None:
    assert process.identity(os.getpid()) == process.identity(os.getpid()) is not None


def test_two_processes_differ(spawned: Spawn) -> None:
    assert process.identity(os.getpid()) != process.identity(spawned("").pid)


def test_a_process_that_was_killed_is_not_running(spawned: Spawn) -> None:
    child = spawned("")
    identity = _identity(child)
    assert process.is_running(child.pid, identity)
    child.kill()
    deadline = time.monotonic() + 10
    while process.is_running(child.pid, identity):
        assert time.monotonic() < deadline, "a zombie still counts as running"


def test_a_reused_pid_is_not_the_recorded_process_and_is_left_alone(spawned: Spawn) -> None:
    child = spawned("")
    assert not process.is_running(child.pid, "another boot:1")
    assert process.stop(child.pid, "another boot:1", grace_s=0)
    assert child.poll() is None


def test_a_pid_of_nothing_is_stopped_already() -> None:
    # Larger than the kernel ever gives out.
    assert process.identity(2**22 + 1) is None
    assert process.stop(2**22 + 1, "any", grace_s=0)


def test_a_process_ends_on_request(spawned: Spawn) -> None:
    child = spawned("")
    identity = _identity(child)
    assert process.stop(child.pid, identity, grace_s=10)
    assert not process.is_running(child.pid, identity)


def test_a_process_that_ignores_the_request_is_killed(spawned: Spawn) -> None:
    child = spawned("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    identity = _identity(child)
    assert process.stop(child.pid, identity, grace_s=0.1)
    assert not process.is_running(child.pid, identity)


def test_where_there_is_no_proc_the_start_time_tells_processes_apart(spawned: Spawn) -> None:
    child = spawned("")
    started = process._identity_from_ps(child.pid)
    assert started == process._identity_from_ps(child.pid) is not None
    assert process._identity_from_ps(2**22 + 1) is None
