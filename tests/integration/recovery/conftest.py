"""A system with a broker of its own: these tests stop its workers, lose its state and let its leases run out."""

import os
from collections.abc import Iterator
from unittest import mock

import pytest

from streams.run.seeds import PLATFORM_ADMIN
from tests.broker import folder_for_this_run
from tests.fault.site import AGENTS, provision_tenants, site
from tests.integration.people import Plant
from tests.integration.recovery.tenants import TENANTS
from topics.command import Actor
from topics.producer import CommandProducer


@pytest.fixture(scope="package")
def system() -> Iterator[Plant]:
    """Give the running system; its reference agents are stopped, so that tasks wait until a test wants them done."""
    with (
        mock.patch.dict(os.environ),
        folder_for_this_run("recovery") as folder,
        site(folder) as place,
    ):
        provision_tenants(place.bootstrap, dict.fromkeys(TENANTS, "enterprise"))
        for name in AGENTS:
            place.stop(name)
        with CommandProducer(Actor("user", PLATFORM_ADMIN), place.bootstrap) as admin:
            plant = Plant(place, place.bootstrap, admin)
            yield plant
            plant.close()
