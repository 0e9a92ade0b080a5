"""The whole system on the session's broker: workers, agents and the query side as processes, ready tenants."""

from collections.abc import Iterator
from pathlib import Path  # noqa: TC003 - read by the fixture at run time

import pytest

from schemas.edge_model import model_of
from streams.keys import key_file
from streams.run.fleet import Fleet
from streams.run.seeds import PLATFORM_ADMIN, ask, publish_seeds
from streams.run.tenants import make_ready
from tests.fault.site import WORKERS, Site
from tests.integration.people import OWNER, Plant
from topics.catalogue import TOPICS
from topics.command import Actor
from topics.producer import CommandProducer
from topics.provision import admin_client, provision

ROLES = ("Architect", "Engineer", "Reviewer", "Adder")
TENANTS = ("plant-a", "plant-b")


@pytest.fixture(scope="session")
def plant(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """Give the running system with two tenants (team edition), each owned by ``OWNER``."""
    folder: Path = tmp_path_factory.mktemp("plant")
    provision(admin_client(kafka), TOPICS)
    environment = {"KAFKA_BOOTSTRAP": kafka, "FACTORY_LOCAL": str(folder)}
    # The same in every run: a broker that outlives a run refuses workers of another lease secret.
    key_file(folder).parent.mkdir(mode=0o700)
    key_file(folder).write_text(f"k1:{'plant' * 8}")
    key_file(folder).chmod(0o600)
    with Fleet(folder / "logs", environment) as fleet:
        site = Site(folder, kafka, fleet)
        for name in WORKERS:
            site.start_worker(name)
        site.wait_for_workers()
        for role in ROLES:
            site.start_agent(f"agent-{role.lower()}", role.lower())
        site.start_query()
        with CommandProducer(Actor("user", PLATFORM_ADMIN), kafka) as admin:
            publish_seeds(admin, kafka, lambda _what: None)
            for tenant in TENANTS:
                _provision(admin, kafka, tenant)
            plant = Plant(site, kafka, admin)
            yield plant
            plant.close()


def _provision(admin: CommandProducer, kafka: str, tenant: str) -> None:
    make_ready(admin, tenant, OWNER, "team")
    with CommandProducer(Actor("user", OWNER), kafka) as owner:
        for role in ROLES:
            sized = {"agentRole": role, "capacity": 50}
            ask(owner, model_of("SizeAgentPool").model_validate(sized), tenant)
