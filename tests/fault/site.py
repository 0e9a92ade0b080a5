"""The system under fault: a broker of its own that may be killed, workers, agents and the query side as processes."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from schemas.edge_model import model_of
from schemas.ids import SYSTEM
from streams.bench.cpu import descendants
from streams.local import start_kafka, stop
from streams.run.fleet import Fleet, Member
from streams.run.seeds import PLATFORM_ADMIN, ask, publish_seeds
from streams.run.system import free_port, owned_partitions
from topics.catalogue import TOPICS
from topics.command import Actor, uuid7
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

    def __init__(self, folder: Path, bootstrap: str, fleet: Fleet) -> None:
        self.folder = folder
        self.bootstrap = bootstrap
        self._fleet = fleet
        self.members: dict[str, Member] = {}
        self.pages = {name: f"http://127.0.0.1:{free_port()}" for name in WORKERS}
        self.api = f"http://127.0.0.1:{free_port()}"

    # -- starting ------------------------------------------------------------------------------------
    def start_worker(self, name: str, **environment: str) -> None:
        """Start a supervised worker."""
        port = self.pages[name].rpartition(":")[2]
        self._start(name, "worker", "--name", name, FACTORY_WORKER_PORT=port, **environment)

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

    # -- faults --------------------------------------------------------------------------------------
    # Each gives the instant (seconds of the wall clock) from which on the victim did nothing any more.
    def kill_worker(self, name: str) -> float:
        """Kill -9 the worker process, and see its supervisor notice; it starts another at once."""
        supervisor, before = self.members[name].process.pid, self.kills_in_log(name)
        until(f"a process of {name}", lambda: bool(descendants(supervisor) - {supervisor}), 30)
        for child in descendants(supervisor) - {supervisor}:
            os.kill(child, signal.SIGKILL)
        dead = time.time()
        until(f"the death of {name}", lambda: self.kills_in_log(name) > before, 30)
        return dead

    def kill_agent(self, name: str) -> float:
        """Kill -9 an agent and start it again."""
        status = self._end(name, signal.SIGKILL)
        dead = time.time()
        if status != -signal.SIGKILL:
            raise AssertionError(f"{name} ended by itself with {status}")
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
        member = self.members.pop(name)
        member.process.send_signal(number)
        status = member.process.wait(timeout=90)
        self._fleet.members.remove(member)
        return status

    def kill_broker(self) -> float:
        """Kill -9 the broker and start it again on the same data."""
        broker = start_kafka(self.folder / "kafka")
        if broker.pid is None:
            raise AssertionError("the broker under fault is a process of ours")
        os.kill(broker.pid, signal.SIGKILL)
        dead = time.time()
        again = start_kafka(self.folder / "kafka")
        if again.bootstrap != self.bootstrap:
            raise AssertionError("the broker came back at another port")
        return dead

    def kills_in_log(self, name: str) -> int:
        """Count how often a worker's supervisor saw it end by SIGKILL."""
        return self._log(name).count("worker ended with status -9")

    def crashes_in_log(self, name: str, point: str) -> int:
        """Count how often a worker ended itself at a crash point, by its own last words."""
        return self._log(name).count(f"crash point {point}\n")

    def _log(self, name: str) -> str:
        return (self.folder / "logs" / f"{name}.log").read_text(errors="replace")


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """Give a running system; everything is stopped at the end, the broker too."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["FACTORY_LOCAL"] = str(folder)
    broker = start_kafka(folder / "kafka")
    try:
        provision(admin_client(broker.bootstrap), TOPICS)
        environment = {"KAFKA_BOOTSTRAP": broker.bootstrap, "FACTORY_LOCAL": str(folder)}
        os.environ["KAFKA_BOOTSTRAP"] = broker.bootstrap
        with Fleet(folder / "logs", environment) as fleet:
            system = Site(folder, broker.bootstrap, fleet)
            os.environ["FACTORY_API"] = system.api
            for name in WORKERS:
                system.start_worker(name)
            system.wait_for_workers()
            for name in AGENTS:
                system.start_agent(name)
            system.start_query()
            yield system
    finally:
        stop(folder / "kafka")


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
            for kind, fields in (
                ("ProvisionTenant", {
                    "displayName": tenant, "region": "eu", "ownerPrincipalId": DRIVER.id}),
                ("ActivateSubscription", {
                    "subscriptionId": f"sub-{uuid7()}", "editionName": edition, "editionVersion": "1.0.0"}),
                ("ActivateTenant", {}),
            ):  # fmt: skip
                ask(admin, model_of(kind).model_validate(fields), tenant)
            sized = {"agentRole": "Adder", "capacity": 1000}
            ask(owner, model_of("SizeAgentPool").model_validate(sized), tenant)
