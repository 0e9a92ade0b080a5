"""The supervisor's part of a hand-over: the worker ends only once its successor is ready, or goes on without one."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.supervisor import READY_VARIABLE, Supervisor

WORKER = """
import os, pathlib, signal, sys, threading
folder = pathlib.Path({folder!r})
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
successor = {variable!r} in os.environ
if successor and {fails}:
    sys.exit(9)
(folder / ("successor" if successor else "worker")).write_text(str(os.getpid()))
if successor:
    while not (folder / "caught-up").exists():
        pass
    os.write(int(os.environ[{variable!r}]), b"r")
threading.Event().wait(30)
"""


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Put the signal handlers back that a supervisor sets."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR2, signal.SIGALRM)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number, handler in before.items():
        signal.signal(number, handler)


def supervisor(folder: Path, *, fails: bool = False) -> Supervisor:
    """Give the supervisor of such a worker."""
    script = WORKER.format(folder=str(folder), variable=READY_VARIABLE, fails=fails)
    return Supervisor([sys.executable, "-S", "-c", script], has_successors=True)


def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end


def lives(path: Path) -> bool:
    """Tell whether the process that wrote the file still runs."""
    try:
        stat = Path(f"/proc/{path.read_text() or 0}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


def while_supervised(folder: Path, act: Callable[[], None], *, fails: bool = False) -> int:
    """Run a supervisor in this thread and something beside it; end it then, and give its exit code."""
    wrong: list[BaseException] = []

    def acting() -> None:
        try:
            until(lambda: lives(folder / "worker"))
            act()
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            wrong.append(error)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=acting, daemon=True).start()
    code = supervisor(folder, fails=fails).run()
    if wrong:
        raise wrong[0]
    return code


def test_the_worker_ends_only_when_its_successor_has_caught_up(tmp_path: Path) -> None:
    def act() -> None:
        os.kill(os.getpid(), signal.SIGUSR2)
        until(lambda: lives(tmp_path / "successor"))
        assert lives(tmp_path / "worker")
        (tmp_path / "caught-up").touch()
        until(lambda: not lives(tmp_path / "worker"))
        assert lives(tmp_path / "successor")

    assert while_supervised(tmp_path, act) == 0
    assert not lives(tmp_path / "successor"), "a stop ends it too"


def test_a_successor_that_cannot_start_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def act() -> None:
        os.kill(os.getpid(), signal.SIGUSR2)
        until(lambda: caplog.text.count("ended with status 9") == 1)
        os.kill(os.getpid(), signal.SIGUSR2)
        until(lambda: caplog.text.count("ended with status 9") == 2)
        assert lives(tmp_path / "worker")

    assert while_supervised(tmp_path, act, fails=True) == 0


def test_a_stop_ends_worker_and_successor(tmp_path: Path) -> None:
    def act() -> None:
        os.kill(os.getpid(), signal.SIGUSR2)
        until(lambda: lives(tmp_path / "successor"))

    assert while_supervised(tmp_path, act) == 0
    assert not lives(tmp_path / "worker")
    assert not lives(tmp_path / "successor")
