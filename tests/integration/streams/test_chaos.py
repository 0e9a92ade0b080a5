"""Random ends under load: two workers, kills, freezes, a broker that dies (reliability.md F1, F5, F10)."""

import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streams.exits import DOUBT_EXIT
from streams.local import process, start_kafka, stop
from tests.integration.streams.factory import TOY_WORKER, Factory, Worker
from tests.integration.streams.test_faults import check_outcomes, send_some

pytestmark = [pytest.mark.kafka, pytest.mark.fault, pytest.mark.timeout(240)]

SLOTS = ("w1", "w2")


class Crew:
    """Workers that are started again whenever they end, by a thread of its own."""

    def __init__(self, factory: Factory) -> None:
        self.factory = factory
        self.ends: list[int] = []
        self._workers = {slot: Worker(factory, slot, TOY_WORKER, {}) for slot in SLOTS}
        self._frozen: list[Worker] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._tend)
        self._thread.start()

    def _tend(self) -> None:
        while not self._done.wait(0.05):
            for slot, worker in list(self._workers.items()):
                status = worker.process.poll()
                if status is not None:
                    self.ends.append(status)
                    worker.kill()
                    self._workers[slot] = Worker(self.factory, slot, TOY_WORKER, {})

    def kill(self, slot: str) -> None:
        """Kill the worker in a slot."""
        self._workers[slot].process.kill()

    def replace_frozen(self, slot: str) -> None:
        """Freeze the worker in a slot and start one of another name instead: a zombie, which still has its own."""
        worker = self._workers.pop(slot)
        os.kill(worker.process.pid, signal.SIGSTOP)
        self._frozen.append(worker)
        successor = f"{slot}-successor"
        self._workers[successor] = Worker(self.factory, successor, TOY_WORKER, {})

    def thaw(self) -> None:
        """Wake the zombies."""
        for worker in self._frozen:
            os.kill(worker.process.pid, signal.SIGCONT)

    def zombies(self) -> set[int | None]:
        """Give how the zombies ended; None for one that joined again and goes on."""
        return {worker.process.poll() for worker in self._frozen}

    def stop(self) -> None:
        """End all of them."""
        self._done.set()
        self._thread.join()
        for worker in (*self._workers.values(), *self._frozen):
            worker.kill()


@contextmanager
def a_crew(factory: Factory) -> Iterator[Crew]:
    """Run a crew."""
    crew = Crew(factory)
    try:
        yield crew
    finally:
        crew.stop()


def pause(seconds: float) -> None:
    """Let the workers work before the next fault: the fault's instant is what is random here."""
    threading.Event().wait(seconds)


def test_random_kills_under_load_lose_and_double_nothing(kafka: str, tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311 - instants of faults, not secrets
    factory = Factory(kafka, tmp_path, partitions=4)
    sent = []
    with a_crew(factory) as crew:
        for _ in range(8):
            sent += send_some(factory, 120)
            pause(chance.uniform(0.2, 1.5))
            crew.kill(chance.choice(SLOTS))
        factory.wait_for("cp.projects.events.v1", len(sent), 60)
        assert crew.ends.count(-signal.SIGKILL) >= 6
    check_outcomes(factory, sent)


def test_zombies_that_wake_up_change_nothing(kafka: str, tmp_path: Path) -> None:
    factory = Factory(kafka, tmp_path)
    with a_crew(factory) as crew:
        sent = send_some(factory, 100)
        factory.wait_for("cp.projects.events.v1", 100)
        for slot in SLOTS:
            sent += send_some(factory, 200)
            crew.replace_frozen(slot)
        factory.wait_for("cp.projects.events.v1", len(sent), 60)
        sent += send_some(factory, 100)
        crew.thaw()
        sent += send_some(factory, 100)
        factory.wait_for("cp.projects.events.v1", len(sent), 60)
        assert crew.zombies() <= {DOUBT_EXIT, None}
    check_outcomes(factory, sent)


def test_a_broker_that_is_killed_twice_loses_and_doubles_nothing(tmp_path: Path) -> None:
    folder = Path(f"/tmp/chaos-kafka-{os.getpid()}")  # noqa: S108 - a broker's path must be short
    broker = start_kafka(folder)
    try:
        factory = Factory(broker.bootstrap, tmp_path)
        with a_crew(factory) as crew:
            sent = send_some(factory, 100)
            factory.wait_for("cp.projects.events.v1", 100)
            for _ in range(2):
                sent += send_some(factory, 300)
                assert broker.pid is not None
                os.kill(broker.pid, signal.SIGKILL)
                wait_gone(broker.pid)
                broker = start_kafka(folder)
                sent += send_some(factory, 100)
                factory.wait_for("cp.projects.events.v1", len(sent), 90)
            assert -signal.SIGKILL not in crew.ends
        check_outcomes(factory, sent)
    finally:
        stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def wait_gone(pid: int) -> None:
    """Wait until a process has ended."""
    end = time.monotonic() + 20
    while process.identity(pid) is not None:
        assert time.monotonic() < end
        time.sleep(0.05)
