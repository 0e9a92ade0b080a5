"""Provisioning and a transaction on the very image of docker-compose.yml."""

import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer
from testcontainers.core.container import DockerContainer

from streams.local.ports import LOOPBACK, choose_ports
from streams.local.ready import wait_until_ready
from streams.local.server import SETTINGS
from streams.local.settings import KAFKA_VERSION
from topics.catalogue import TOPICS
from topics.naming import COMMANDS
from topics.provision import admin_client, provision
from topics.settings import producer_options

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the bootstrap address of a broker in a container, where there is an engine."""
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "info"], capture_output=True, check=False).returncode:
        pytest.skip("no Docker engine answers: Apache Kafka was tested as a process only")
    # A client is told by the broker where to go on, so the port must be known before the start.
    port = choose_ports(Path(tmp_path_factory.mktemp("ports")) / "ports.json").client
    settings = SETTINGS | {
        "listeners": "CLIENT://:9092,CONTROLLER://:9093",
        "advertised.listeners": f"CLIENT://{LOOPBACK}:{port}",
        "controller.quorum.voters": "1@localhost:9093",
    }
    environment = {f"KAFKA_{k.upper().replace('.', '_')}": v for k, v in settings.items()}
    broker = DockerContainer(f"apache/kafka:{KAFKA_VERSION}").with_envs(**environment)
    broker.ports["9092/tcp"] = (LOOPBACK, port)
    with broker:
        bootstrap = f"{LOOPBACK}:{port}"
        assert wait_until_ready(bootstrap, 120, lambda: True)
        yield bootstrap


def test_the_catalogue_can_be_provisioned_in_a_container(container: str) -> None:
    assert provision(admin_client(container), TOPICS).is_sound


def test_a_transaction_commits_in_a_container(container: str) -> None:
    provision(admin_client(container), TOPICS)
    options = {"transactional.id": f"test-{uuid.uuid4()}"}
    producer = Producer(producer_options(container) | options)
    producer.init_transactions(60)
    producer.begin_transaction()
    producer.produce(COMMANDS, key=b"acme", value=b"")
    producer.commit_transaction(30)
    assert len(producer) == 0
