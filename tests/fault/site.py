"""The system under fault: a broker of its own that may be killed, workers, agents and the query side as processes."""

import os
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from schemas.edge_model import model_of
from schemas.ids import SYSTEM
from streams.bench.cpu import descendants
from streams.run.fleet import Fleet, Member
from streams.run.seeds import PLATFORM_ADMIN, ask, publish_seeds
from streams.run.system import free_port, owned_partitions
from streams.run.tenants import make_ready
from tests.fault.brokers import Brokers, OneBroker
from topics.catalogue import TOPICS
from topics.command import Actor
from topics.model import PARTITIONS
from topics.producer import CommandProducer
from topics.provision import admin_client, provision

WORKERS: Final = ("worker-1", "worker-2")
AGENTS: Final = ("agent-1", "agent-2")
WAIT_DEFINITION: Final = """
document: {dsl: '1.0.3', namespace: fault, name: wait-and-add, version: 1.0.0}
do:
  - pause: {wait: {milliseconds: 700}}
  - add:
      call: agentTask
      with:
        role: Adder
        skill: ConnectSoft.Skill.AddOne
        inputs: {value: '${ input.value }'}
        modelPolicy: economy
        tokenBudget: {input: 10, output: 10}
"""


def until(what: str, holds: Callable[[], bool], seconds: float) -> None:
    """Wait for a condition. Raises TimeoutError that names it."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.05)


class Site:
    """Processes by name; each fault is a method."""

    def __init__(
        self, folder: Path, bootstrap: str, fleet: Fleet, brokers: Brokers | None = None
    ) -> None:
        self.folder = folder
        self.bootstrap = bootstrap
        self._fleet = fleet
        self._brokers = brokers
        self.members: dict[str, Member] = {}
        self.pages = {name: f"http://127.0.0.1:{free_port()}" for name in WORKERS}
        self.api = f"http://127.0.0.1:{free_port()}"

    # -- starting ------------------------------------------------------------------------------------
    def start_worker(self, name: str, **environment: str) -> None:
        """Start a supervised worker."""
        page = self.pages.setdefault(name, f"http://127.0.0.1:{free_port()}")
        port = page.rpartition(":")[2]
        self._start(name, "worker", "--name", name, FACTORY_WORKER_PORT=port, **environment)

    def start_odd_worker(self, name: str, **environment: str) -> None:
        """Start a supervised worker with something odd in it (tests/fault/odd_worker.py)."""
        port = self.pages[name].rpartition(":")[2]
        self.members[name] = self._fleet.start(
            name, "supervised", module="tests.fault.odd_worker",
            FACTORY_WORKER=name, FACTORY_WORKER_PORT=port, **environment,
        )  # fmt: skip

    def start_agent(self, name: str, agent: str = "adder") -> None:
        """Start a reference agent."""
        self._start(name, "agents", "serve", agent)

    def start_query(self) -> None:
        """Start the query side."""
        self._start("query", "query", "serve", "--port", self.api.rpartition(":")[2])

    def _start(self, name: str, *arguments: str, **environment: str) -> None:
        self.members[name] = self._fleet.start(name, *arguments, **environment)

    def wait_for_workers(self, seconds: float = 90) -> None:
        """Wait until the workers own and have restored every partition."""
        pages = self.pages.values()
        until("all partitions owned", lambda: owned_partitions(pages) == PARTITIONS, seconds)

    def partitions(self, name: str) -> int:
        """Give how many partitions a worker owns and has restored; 0 while it does not answer."""
        return owned_partitions([self.pages[name]])

    def is_ready(self) -> bool:
        """Tell whether the query side answers and has read all there is."""
        try:
            with urllib.request.urlopen(f"{self.api}/readyz", timeout=2):  # noqa: S310 - our own loopback URL
                return True
        except OSError:
            return False

    def settle(self) -> None:
        """Bring everything back to what it was at the start, whatever a fault has left."""
        for name in [n for n in self.members if n.startswith("worker")]:
            self.kill_for_good(name)
        if self._brokers is not None:
            self._brokers.start()
        for name in WORKERS:
            self.start_worker(name)
        for name, start in {**dict.fromkeys(AGENTS, self.start_agent), "query": None}.items():
            if name in self.members and self.members[name].process.poll() is not None:
                self.forget(name)
            if name not in self.members:
                start(name) if start else self.start_query()
        self.wait_for_workers()

    # -- faults --------------------------------------------------------------------------------------
    # Each gives the instant (seconds of the wall clock) from which on the victim did nothing any more.
    def child(self, name: str) -> int:
        """Give the worker process below a supervisor, once there is one."""
        supervisor, found = self.members[name].process.pid, set[int]()

        def there() -> bool:
            found.update(descendants(supervisor) - {supervisor})
            return bool(found)

        until(f"a process of {name}", there, 30)
        return min(found)

    def kill_worker(self, name: str) -> float:
        """Kill -9 the worker process, and see its supervisor notice; it starts another at once."""
        before = self.kills_in_log(name)
        os.kill(self.child(name), signal.SIGKILL)
        dead = time.time()
        until(f"the death of {name}", lambda: self.kills_in_log(name) > before, 30)
        return dead

    def kill_for_good(self, name: str) -> float:
        """Kill -9 a supervisor and its worker: nobody starts it again."""
        member = self.forget(name)
        below = descendants(member.process.pid)
        for pid in (member.process.pid, *sorted(below - {member.process.pid})):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        dead = time.time()
        member.process.wait(30)
        return dead

    def kill_supervisor(self, name: str) -> int:
        """Kill -9 a supervisor alone; give its worker's process, which nobody looks after any more."""
        orphan = self.child(name)
        member = self.forget(name)
        member.process.kill()
        member.process.wait(30)
        return orphan

    def kill_query(self) -> float:
        """Kill -9 the query side and start it again."""
        dead = self._killed("query")
        self.start_query()
        return dead

    def _killed(self, name: str) -> float:
        status = self._end(name, signal.SIGKILL)
        dead = time.time()
        if status != -signal.SIGKILL:
            raise AssertionError(f"{name} ended by itself with {status}")
        return dead

    def kill_agent(self, name: str) -> float:
        """Kill -9 an agent and start it again."""
        dead = self._killed(name)
        self.start_agent(name)
        return dead

    def roll_worker(self, name: str) -> float:
        """End a worker with SIGTERM and start it again."""
        status = self.stop(name)
        dead = time.time()
        if status != 0:
            raise AssertionError(f"{name} answered SIGTERM with {status}")
        self.start_worker(name)
        return dead

    def stop(self, name: str) -> int:
        """End a process with SIGTERM; give its exit code."""
        return self._end(name, signal.SIGTERM)

    def _end(self, name: str, number: signal.Signals) -> int:
        member = self.forget(name)
        member.process.send_signal(number)
        return member.process.wait(timeout=90)

    def forget(self, name: str) -> Member:
        """Give a process out of our hands."""
        member = self.members.pop(name)
        self._fleet.members.remove(member)
        return member

    def kills_in_log(self, name: str) -> int:
        """Count how often a worker's supervisor saw it end by SIGKILL."""
        return self._log(name).count("worker ended with status -9")

    def crashes_in_log(self, name: str, point: str) -> int:
        """Count how often a worker ended itself at a crash point, by its own last words."""
        return self._log(name).count(f"crash point {point}\n")

    def ends_in_log(self, name: str) -> int:
        """Count how often a worker has ended by itself because of a doubt."""
        return self._log(name).count("fail-stop: ")

    def said(self, name: str, text: str) -> int:
        """Count how often a process's log holds the text."""
        return self._log(name).count(text)

    def _log(self, name: str) -> str:
        return (self.folder / "logs" / f"{name}.log").read_text(errors="replace")


@contextmanager
def site(folder: Path, brokers: Brokers | None = None) -> Iterator[Site]:
    """Give a running system; everything is stopped at the end, the brokers too."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["FACTORY_LOCAL"] = str(folder)
    brokers = brokers or OneBroker(folder)
    try:
        brokers.start()
        provision(admin_client(brokers.bootstrap), TOPICS)
        environment = {"KAFKA_BOOTSTRAP": brokers.bootstrap, "FACTORY_LOCAL": str(folder)}
        os.environ["KAFKA_BOOTSTRAP"] = brokers.bootstrap
        with Fleet(folder / "logs", environment) as fleet:
            system = Site(folder, brokers.bootstrap, fleet, brokers)
            os.environ["FACTORY_API"] = system.api
            for name in WORKERS:
                system.start_worker(name)
            system.wait_for_workers()
            for name in AGENTS:
                system.start_agent(name)
            system.start_query()
            yield system
    finally:
        brokers.stop()


DRIVER: Final = Actor("user", "user:driver")
"""Owner of every tenant under fault."""


def provision_tenants(bootstrap: str, editions: dict[str, str]) -> None:
    """Publish the seeds and a definition that waits, and make the tenants ready (tenant -> edition)."""
    with (
        CommandProducer(Actor("user", PLATFORM_ADMIN), bootstrap) as admin,
        CommandProducer(DRIVER, bootstrap) as owner,
    ):
        publish_seeds(admin, bootstrap, lambda _what: None)
        published = {"name": "wait-and-add", "version": "1.0.0", "definition": WAIT_DEFINITION}
        ask(admin, model_of("PublishWorkflowDefinition").model_validate(published), SYSTEM)
        for tenant, edition in editions.items():
            make_ready(admin, tenant, DRIVER.id, edition)
            sized = {"agentRole": "Adder", "capacity": 1000}
            ask(owner, model_of("SizeAgentPool").model_validate(sized), tenant)
