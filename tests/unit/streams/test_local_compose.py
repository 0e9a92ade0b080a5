"""The broker as a container, against a docker client that only pretends."""

from pathlib import Path

import pytest

from streams.local import LocalError, compose


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a `docker` on PATH that writes down how it was called; gives that file."""
    calls = tmp_path / "calls"
    _install(tmp_path, f'echo "$*" >> {calls}')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return calls


def test_an_engine_that_answers_is_used(docker: Path) -> None:
    assert compose.engine_answers()
    assert docker.read_text().splitlines() == ["compose version", "version"]


@pytest.mark.parametrize("broken", ["version", "compose version"])
def test_a_client_without_engine_or_without_compose_is_not(docker: Path, broken: str) -> None:
    _install(docker.parent, f'[ "$*" != "{broken}" ]')
    assert not compose.engine_answers()


def test_without_a_client_there_is_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert not compose.engine_answers()


def test_only_the_broker_is_started_and_waited_for(
    docker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FACTORY_KAFKA_PORT", raising=False)
    assert compose.up() == "127.0.0.1:9092"
    compose.stop()
    file = compose.compose_file()
    assert file.is_file()
    assert docker.read_text().splitlines() == [
        f"compose --file {file} up --detach --wait kafka",
        f"compose --file {file} stop kafka",
    ]


def test_the_port_is_the_one_that_is_published(
    docker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACTORY_KAFKA_PORT", "19999")
    assert compose.up() == "127.0.0.1:19999"
    assert docker.exists()


def test_a_container_that_does_not_start_ends_as_a_sentence(docker: Path) -> None:
    _install(docker.parent, "echo pulling >&2; echo no such image >&2; exit 1")
    with pytest.raises(LocalError, match=r"\(no such image\): set FACTORY_BROKER=kafka"):
        compose.up()


def _install(directory: Path, script: str) -> None:
    program = directory / "docker"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
