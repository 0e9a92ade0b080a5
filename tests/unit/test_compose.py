"""docker-compose.yml and Dockerfile, as far as they can be checked without a Docker engine."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.local.server import SETTINGS
from streams.local.settings import KAFKA_VERSION
from streams.observe import probe
from streams.observe.probe import PATHS, PORTS

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if name != "kafka"}
PLACE = {"process.roles", "node.id", "listener.security.protocol.map",
         "inter.broker.listener.name", "controller.listener.names"}  # fmt: skip
"""Settings in which a container differs, because clients reach it from two networks."""


def test_the_processes_are_those_of_the_design() -> None:
    assert set(SERVICES) == {"kafka", "topics", "worker-1", "worker-2", "query", "feed"}
    assert "version" not in COMPOSE


def test_the_broker_is_the_one_the_launcher_starts() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"


def test_the_broker_has_the_settings_the_launcher_gives_it() -> None:
    environment = SERVICES["kafka"]["environment"]
    given = {name: environment[f"KAFKA_{name.upper().replace('.', '_')}"] for name in SETTINGS}
    assert {k: v for k, v in given.items() if k not in PLACE} == {
        k: v for k, v in SETTINGS.items() if k not in PLACE
    }


def test_nothing_is_reachable_from_another_machine() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)
    advertised = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert "HOST://127.0.0.1:" in advertised


@pytest.mark.parametrize("name", OURS)
def test_our_processes_hold_no_rights_they_do_not_need(name: str) -> None:
    service = OURS[name]
    assert service["user"] == "10001"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"][0] == "/tmp"  # noqa: S108 - a folder of the container's own


def test_nothing_starts_before_the_broker_works_and_the_topics_are_there() -> None:
    assert SERVICES["topics"]["depends_on"] == {"kafka": {"condition": "service_healthy"}}
    for name in OURS.keys() - {"topics"}:
        waits_for = {k: v["condition"] for k, v in SERVICES[name]["depends_on"].items()}
        assert waits_for == {
            "kafka": "service_healthy",
            "topics": "service_completed_successfully",
        }
    assert "healthcheck" in SERVICES["kafka"]


def test_two_workers_have_two_names() -> None:
    commands = [SERVICES[f"worker-{number}"]["command"] for number in (1, 2)]
    assert commands == [["worker", "--name", "worker-1"], ["worker", "--name", "worker-2"]]


def test_every_volume_that_is_mounted_is_declared() -> None:
    mounted = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith("./")
    }
    assert mounted == set(COMPOSE["volumes"])


def test_every_file_that_is_mounted_is_there() -> None:
    files = [volume for volume in SERVICES["kafka"]["volumes"] if volume.startswith("./")]
    assert [(ROOT / each.split(":")[0]).is_file() for each in files] == [True]


IMAGE = """#!/bin/bash
echo "$KAFKA_PROCESS_ROLES ${KAFKA_ADVERTISED_LISTENERS-none} $KAFKA_LISTENERS $KAFKA_BROKER_SESSION_TIMEOUT_MS"
"""


@pytest.mark.parametrize(
    ("left", "roles"),
    [
        ([], ["broker,controller"]),
        (["meta.properties", ".kafka_cleanshutdown"], ["broker,controller"]),
        (["meta.properties"], ["controller", "broker,controller"]),
    ],
)
def test_a_killed_broker_is_preceded_by_its_controller(
    tmp_path: Path, left: list[str], roles: list[str]
) -> None:
    run = tmp_path / "run"
    run.write_text(IMAGE)
    run.chmod(0o755)
    for name in left:
        (tmp_path / name).touch()
    environment = SERVICES["kafka"]["environment"] | {
        "PATH": os.environ["PATH"], "KAFKA_LOG_DIRS": str(tmp_path), "KAFKA_IMAGE_RUN": str(run),
    }  # fmt: skip
    script = ROOT / "streams" / "local" / "kafka-in-container.sh"
    ended = subprocess.run(
        ["bash", script], env=environment, capture_output=True, text=True, check=True
    )
    told = [line.split() for line in ended.stdout.splitlines() if not line.startswith("The ")]
    assert [line[0] for line in told] == roles
    assert told[-1][-1] == environment["KAFKA_BROKER_SESSION_TIMEOUT_MS"]
    assert [line[1:] for line in told[:-1]] == [["none", "CONTROLLER://:9093", "100"]] * (
        len(roles) - 1
    )


def test_the_image_runs_as_the_user_that_compose_names() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER 10001$", text, re.MULTILINE)
    assert "--require-hashes" in text


@pytest.mark.parametrize("name", ["worker-1", "worker-2", "query"])
def test_what_serves_is_asked_whether_it_is_ready_where_its_pages_are(name: str) -> None:
    command = SERVICES[name]["healthcheck"]["test"]
    assert command == ["CMD", "python", "-m", "streams.observe.probe", "readyz"]
    environment = SERVICES[name]["environment"]
    assert any(int(environment.get(port, 0)) for port in PORTS)
    assert command[-1] in PATHS


def test_the_image_asks_any_process_whether_it_makes_progress() -> None:
    text = (ROOT / "Dockerfile").read_text()
    check = re.search(r"^HEALTHCHECK .*\\\n +CMD (\[.*\])$", text, re.MULTILINE)
    assert check is not None
    assert json.loads(check[1]) == ["python", "-m", probe.__name__]


def test_the_image_gets_what_is_copied_and_nothing_else() -> None:
    copied = {
        name
        for line in re.findall(
            r"^COPY (?!--from)(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
        )
        for name in line.split()[:-1]
    }
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    assert copied == {line.removeprefix("!") for line in ignored if line.startswith("!")}


def test_docker_compose_accepts_the_file() -> None:
    docker = shutil.which("docker")
    known = docker and subprocess.run(
        [docker, "compose", "version"], capture_output=True, check=False, timeout=30
    )
    if not docker or not known or known.returncode != 0:
        pytest.skip("no `docker compose` here: docker-compose.yml was read as YAML only")
    answer = subprocess.run(
        [docker, "compose", "--file", str(FILE), "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
