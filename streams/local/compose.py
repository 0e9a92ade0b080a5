"""The broker as a container of docker-compose.yml, where a Docker engine answers."""

import os
import shutil
import subprocess
from pathlib import Path

from streams.local.errors import LocalError

ENGINE_TIMEOUT_S = 5.0
UP_TIMEOUT_S = 300.0
"""A first start pulls the image."""
PORT = "9092"
"""Where docker-compose.yml publishes the broker, unless FACTORY_KAFKA_PORT says otherwise."""
SERVICE = "kafka"


def engine_answers() -> bool:
    """Tell whether a Docker engine answers and its client knows `docker compose`."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    return _succeeds(docker, "compose", "version") and _succeeds(docker, "version")


def compose_file() -> Path:
    """Give the path of docker-compose.yml, which only a source tree has."""
    return Path(__file__).resolve().parents[2] / "docker-compose.yml"


def up() -> str:
    """Start the broker's container, wait until it is healthy and give its bootstrap address."""
    _compose("up", "--detach", "--wait", SERVICE)
    return f"127.0.0.1:{os.environ.get('FACTORY_KAFKA_PORT') or PORT}"


def stop() -> None:
    """Stop the broker's container; its volume stays."""
    _compose("stop", SERVICE)


def _succeeds(docker: str, *question: str) -> bool:
    try:
        answer = subprocess.run(  # noqa: S603 - a fixed question
            [docker, *question], capture_output=True, check=False, timeout=ENGINE_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _compose(*arguments: str) -> None:
    docker = shutil.which("docker") or "docker"
    try:
        answer = subprocess.run(  # noqa: S603 - our own arguments
            [docker, "compose", "--file", str(compose_file()), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=UP_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LocalError(_sentence(arguments, str(error))) from error
    if answer.returncode != 0:
        lines = answer.stderr.strip().splitlines() or ["no message"]
        raise LocalError(_sentence(arguments, lines[-1].strip()))


def _sentence(arguments: tuple[str, ...], reason: str) -> str:
    return (
        f"`docker compose {' '.join(arguments)}` failed ({reason}): "
        "set FACTORY_BROKER=kafka to run Apache Kafka without Docker."
    )
