"""A whole system of its own whose processes send their spans to a collector of the test's and log in JSON."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unittest import mock

import pytest

from streams.local import start_kafka, stop
from streams.run.fleet import Fleet
from streams.run.seeds import PLATFORM_ADMIN, publish_seeds
from streams.run.system import free_port, owned_partitions
from streams.run.tenants import make_ready
from tests.broker import folder_for_this_run
from tests.fault.site import Site, until
from tests.integration.observe.collector import Collector, collecting
from tests.integration.people import OWNER, Plant
from topics.catalogue import TOPICS
from topics.command import Actor
from topics.model import PARTITIONS
from topics.producer import CommandProducer
from topics.provision import admin_client, provision

WORKER: Final = "worker-1"
AGENTS: Final = ("architect", "engineer", "reviewer", "adder")
TENANT: Final = "observed"
APPROVER: Final = "user:sam"
SECRET: Final = "canary-lease-secret-0123456789abcdef"  # noqa: S105 - a canary: it must show up nowhere


@dataclass
class Observed:
    """The running system and what its processes sent."""

    plant: Plant
    collector: Collector
    folder: Path
    worker: str
    """Address of the worker's pages."""
    feed: str
    """Address of the feed's pages."""
    broker: int
    """Process of the broker."""

    def logs(self) -> dict[str, str]:
        """Give process -> its log so far."""
        return {path.stem: path.read_text() for path in (self.folder / "logs").glob("*.log")}


@pytest.fixture(scope="package")
def observed() -> Iterator[Observed]:
    """Give the system: one worker, four reference agents, query side, feed, one tenant with an approver."""
    with (
        mock.patch.dict(os.environ),
        folder_for_this_run("observe") as folder,
        collecting() as collector,
    ):
        broker = start_kafka(folder / "kafka")
        try:
            assert broker.pid is not None
            yield from _system(folder, broker.bootstrap, collector, broker.pid)
        finally:
            stop(folder / "kafka")


def _system(folder: Path, bootstrap: str, collector: Collector, broker: int) -> Iterator[Observed]:
    provision(admin_client(bootstrap), TOPICS)
    environment = {
        "KAFKA_BOOTSTRAP": bootstrap,
        "FACTORY_LOCAL": str(folder),
        "FACTORY_LEASE_SECRET": f"k1:{SECRET}",
        "FACTORY_LOG_FORMAT": "json",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    with Fleet(folder / "logs", environment) as fleet:
        site = Site(folder, bootstrap, fleet)
        site.start_worker(WORKER)
        page = site.pages[WORKER]
        until("all partitions owned", lambda: owned_partitions([page]) == PARTITIONS, 90)
        for agent in AGENTS:
            site.start_agent(f"agent-{agent}", agent)
        site.start_query()
        feed = f"http://127.0.0.1:{free_port()}"
        fleet.start("feed", "feed", FACTORY_WORKER_PORT=feed.rpartition(":")[2])
        until("the query side is ready", site.is_ready, 60)
        with CommandProducer(Actor("user", PLATFORM_ADMIN), bootstrap) as admin:
            publish_seeds(admin, bootstrap, lambda _what: None)
            plant = Plant(site, bootstrap, admin)
            _tenant(plant)
            yield Observed(plant, collector, folder, page, feed, broker)
            plant.close()


def _tenant(plant: Plant) -> None:
    """Make the tenant ready, with pools for every role and a person who may approve."""
    make_ready(plant.admin, TENANT, OWNER, "enterprise")
    for role in ("Architect", "Engineer", "Reviewer", "Adder"):
        plant.must("SizeAgentPool", TENANT, agent_role=role, capacity=50)
    plant.must("RegisterPrincipal", TENANT, principal_id=APPROVER, kind="user", display_name="Sam")
    plant.must("GrantRole", TENANT, principal_id=APPROVER, role="SolutionArchitect")
