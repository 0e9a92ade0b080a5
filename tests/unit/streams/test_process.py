"""The small parts of the worker's process: settings, keys, crash points, pace, breadcrumb, supervisor, watchdog."""

import os
import signal
import stat
import sys
import threading
from pathlib import Path

import pytest

from schemas.ids import TaskId, TenantId
from schemas.output import OperatorError
from streams.breadcrumb import Breadcrumb
from streams.crashpoints import CrashPoints
from streams.exits import REFUSED_EXIT
from streams.keys import lease_keys
from streams.pace import Pace
from streams.records import InputRecord
from streams.settings import Settings, from_environment
from streams.supervisor import GAVE_UP, Supervisor
from streams.watchdog import Watchdog

ACME = TenantId("acme")
TASK = TaskId("task-0198f2c0-0000-7000-8000-000000000001")


def settings(folder: Path, **changes: str) -> Settings:
    """Give settings with a folder of their own."""
    environ = {"KAFKA_BOOTSTRAP": "127.0.0.1:9", "FACTORY_LOCAL": str(folder), **changes}
    return from_environment(environ)


def test_settings_come_from_the_environment_and_else_are_the_defaults(tmp_path: Path) -> None:
    given = settings(tmp_path, FACTORY_WORKER="w9", FACTORY_WAIT_S="2.5", FACTORY_IDLE_MS="7")
    assert (given.worker_name, given.wait_s, given.idle_ms) == ("w9", 2.5, 7)
    assert (given.group, given.session_timeout_ms) == ("cp.worker", 6000)
    assert given.local == tmp_path


@pytest.mark.parametrize("text", ["soon", "-1", "1.5"])
def test_a_setting_that_is_no_number_is_refused_by_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(OperatorError, match="FACTORY_IDLE_MS"):
        settings(tmp_path, FACTORY_IDLE_MS=text)


def test_the_lease_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first = lease_keys(settings(tmp_path))
    again = lease_keys(settings(tmp_path))
    file = tmp_path / "keys" / "lease.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert first.token(ACME, TASK, 1) == again.token(ACME, TASK, 1)
    assert [child.name for child in file.parent.iterdir()] == ["lease.key"]
    file.chmod(0o644)
    with pytest.raises(OperatorError, match="chmod 600"):
        lease_keys(settings(tmp_path))


def test_tokens_differ_by_tenant_task_attempt_and_secret(tmp_path: Path) -> None:
    keys = lease_keys(settings(tmp_path, FACTORY_LEASE_SECRET=f"k2:{'s' * 32}"))
    other = lease_keys(settings(tmp_path, FACTORY_LEASE_SECRET=f"k2:{'t' * 32}"))
    tokens = {
        keys.token(ACME, TASK, 1),
        keys.token(ACME, TASK, 2),
        keys.token(TenantId("bolt"), TASK, 1),
        keys.token(ACME, TaskId(f"{TASK[:-1]}2"), 1),
        other.token(ACME, TASK, 1),
    }
    assert len(tokens) == 5
    assert all(token.startswith("k2.") for token in tokens)
    assert len(keys.token_hash("k2.x")) == 32


def test_the_newest_key_signs_and_each_key_is_told_from_another_of_its_id(tmp_path: Path) -> None:
    old, new, other = f"k1:{'o' * 32}", f"k2:{'n' * 32}", f"k1:{'x' * 32}"
    rotated = lease_keys(settings(tmp_path, FACTORY_LEASE_SECRET=f"{new}, {old}"))
    former = lease_keys(settings(tmp_path, FACTORY_LEASE_SECRET=old))
    assert list(rotated.checks) == ["k2", "k1"]
    assert rotated.newest == rotated.checks["k2"]
    assert rotated.token(ACME, TASK, 1).startswith("k2.")
    assert rotated.checks["k1"] == former.newest
    token = former.token(ACME, TASK, 1)
    assert rotated.is_token(token, ACME, TASK, 1), "what the older key signed stays a token"
    assert not rotated.is_token(token, ACME, TASK, 2)
    assert not former.is_token(rotated.token(ACME, TASK, 1), ACME, TASK, 1), "not held: no token"
    assert lease_keys(settings(tmp_path, FACTORY_LEASE_SECRET=other)).newest != former.newest
    with pytest.raises(OperatorError, match="k1 twice"):
        lease_keys(settings(tmp_path, FACTORY_LEASE_SECRET=f"{old},{other}"))


@pytest.mark.parametrize(
    "text",
    ["short", "k1:short", f"k 1:{'s' * 32}", ":" + "s" * 32, f"k1:{'s' * 32},k2:short"],
)
def test_a_weak_lease_secret_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(OperatorError, match="keyId:secret"):
        lease_keys(settings(tmp_path, FACTORY_LEASE_SECRET=text))


def test_a_crash_point_sends_its_signal_at_the_nth_pass() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _frame: seen.append(number))
    try:
        crash = CrashPoints(f"decided:2:{int(signal.SIGUSR1)}")
        for point in ("decided", "polled", "decided", "decided"):
            crash.at(point)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == [signal.SIGUSR1]


@pytest.mark.parametrize("text", ["nowhere:1", "decided", "decided:x", "decided:1:term"])
def test_a_crash_point_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(OperatorError, match="FACTORY_CRASH_AT"):
        CrashPoints(text)


def test_the_pace_follows_the_cost_of_a_record_within_its_bounds() -> None:
    pace = Pace(cycle_ms=40, records_max=2000, gather_ms=15)
    assert pace.limit() == 2000
    for _ in range(50):
        pace.note(100, 100 * 0.0002, 0.004)
    assert 195 <= pace.limit() <= 205
    for _ in range(50):
        pace.note(1, 10.0, 0.004)
    assert pace.limit() == 32
    for _ in range(200):
        pace.note(100_000, 0.001, 0.004)
    assert pace.limit() == 2000


def test_a_cycle_gathers_only_where_the_last_one_was_shared() -> None:
    pace = Pace(cycle_ms=40, records_max=2000, gather_ms=15)
    assert pace.gather_s() == 0
    pace.note(3, 0.001, 0.010)
    assert pace.gather_s() == 0
    pace.note(4, 0.001, 0.010)
    assert pace.gather_s() == 0.005
    pace.note(50, 0.001, 0.500)
    assert pace.gather_s() == 0.015
    pace.note(1, 0.001, 0.500)
    assert pace.gather_s() == 0


def a_record(offset: int) -> InputRecord:
    """Give a record."""
    return InputRecord("cp.commands.v1", 3, offset, b"acme", b"", [], 0)


def test_a_breadcrumb_survives_the_process_and_counts_its_ends(tmp_path: Path) -> None:
    for attempts in range(3):
        breadcrumb = Breadcrumb(tmp_path / "crumbs" / "w1")
        assert breadcrumb.attempts(a_record(7)) == attempts
        assert breadcrumb.is_suspect(a_record(7)) == (attempts > 0)
        assert not breadcrumb.is_suspect(a_record(8))
        breadcrumb.take(a_record(7))
    breadcrumb = Breadcrumb(tmp_path / "crumbs" / "w1")
    breadcrumb.take(a_record(8))
    breadcrumb.clear()
    assert Breadcrumb(tmp_path / "crumbs" / "w1").suspect is None


def test_the_supervisor_starts_again_and_gives_up_in_a_loop_of_failures(tmp_path: Path) -> None:
    counter = tmp_path / "starts"
    script = f"open({str(counter)!r}, 'a').write('x'); raise SystemExit(70)"
    with_signals = Supervisor([sys.executable, "-S", "-c", script], starts_max=3)
    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)}
    try:
        assert with_signals.run() == GAVE_UP
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert counter.read_text() == "xxx"


def test_the_supervisor_does_not_start_again_what_may_not_start(tmp_path: Path) -> None:
    counter = tmp_path / "starts"
    script = f"open({str(counter)!r}, 'a').write('x'); raise SystemExit({REFUSED_EXIT})"
    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)}
    try:
        assert Supervisor([sys.executable, "-S", "-c", script]).run() == REFUSED_EXIT
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert counter.read_text() == "x"


def test_the_supervisor_forwards_a_stop_and_ends_with_its_worker(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    worker = (
        "import pathlib, signal, sys, threading\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))\n"
        f"pathlib.Path({str(ready)!r}).touch()\n"
        "threading.Event().wait(30)\n"
    )
    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)}

    def stop_when_ready() -> None:
        while not ready.exists():
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop_when_ready, daemon=True).start()
    try:
        assert Supervisor([sys.executable, "-S", "-c", worker]).run() == 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def test_the_watchdog_tells_a_hang_and_not_a_pause() -> None:
    hung = threading.Event()
    watchdog = Watchdog(0.1, lambda _error: hung.set())
    watchdog.start()
    assert hung.wait(5)
    watchdog.stop()
    stopped = threading.Event()
    quiet = Watchdog(0.1, lambda _error: stopped.set())
    quiet.stop()
    quiet.start()
    assert not stopped.wait(0.8)
