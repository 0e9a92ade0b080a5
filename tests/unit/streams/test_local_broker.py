"""The order of ways to get a broker, and what is made of records that no longer hold."""

import json
import os
from pathlib import Path

import pytest

from streams.local import Kind, LocalError, broker, compose, start, status, stop
from topics.settings import BROKER_RECORD


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KAFKA_BOOTSTRAP", "FACTORY_BROKER", "FACTORY_JAVA", "FACTORY_LOCAL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(broker, "GIVEN_TIMEOUT_S", 0.2)


@pytest.fixture
def composed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pretend that a Docker engine answers; gives what was asked of it."""
    asked: list[str] = []

    def up() -> str:
        asked.append("up")
        return "127.0.0.1:9092"

    monkeypatch.setattr(compose, "engine_answers", lambda: True)
    monkeypatch.setattr(compose, "compose_file", lambda: Path(__file__))
    monkeypatch.setattr(compose, "up", up)
    monkeypatch.setattr(compose, "stop", lambda: asked.append("stop"))
    monkeypatch.setattr(broker, "wait_until_ready", lambda *_: True)
    monkeypatch.setattr(broker, "answers", lambda *_, **__: True)
    return asked


def test_a_named_broker_that_does_not_answer_ends_as_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:1")
    with pytest.raises(LocalError, match=r"No broker answers at KAFKA_BOOTSTRAP=127.0.0.1:1"):
        start(tmp_path)
    assert status(tmp_path).broker is None
    assert not list(tmp_path.iterdir())


def test_a_named_broker_is_used_and_never_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "elsewhere:9092")
    monkeypatch.setattr(broker, "answers", lambda *_: True)
    assert start(tmp_path) == broker.Broker("elsewhere:9092", Kind.GIVEN)
    assert not stop(tmp_path)


def test_compose_comes_before_a_process_of_our_own(tmp_path: Path, composed: list[str]) -> None:
    assert start(tmp_path) == broker.Broker("127.0.0.1:9092", Kind.COMPOSE)
    assert start(tmp_path).kind is Kind.COMPOSE
    assert stop(tmp_path)
    assert composed == ["up", "stop"]
    assert not (tmp_path / BROKER_RECORD).exists()


def test_a_person_can_insist_on_a_process(
    tmp_path: Path, composed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACTORY_BROKER", "kafka")
    monkeypatch.setenv("FACTORY_JAVA", "no-such-java")
    with pytest.raises(LocalError, match="FACTORY_JAVA names no-such-java"):
        start(tmp_path)
    assert composed == []


def test_a_way_that_does_not_exist_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACTORY_BROKER", "rabbit")
    with pytest.raises(LocalError, match="set it to compose or kafka"):
        start(tmp_path)


@pytest.mark.parametrize(
    "record",
    [
        pytest.param({"pid": 2**22 + 1, "identity": "boot:1"}, id="of a process that ended"),
        pytest.param({"pid": os.getpid(), "identity": "boot:1"}, id="of a pid used by another"),
        pytest.param({"pid": None, "identity": None}, id="without a process"),
        pytest.param({"pid": "x", "identity": "boot:1"}, id="damaged"),
    ],
)
def test_a_stale_record_is_no_broker_and_its_pid_is_left_alone(
    tmp_path: Path, record: dict[str, object]
) -> None:
    fields = {"bootstrap": "127.0.0.1:1", "kind": "kafka"} | record
    (tmp_path / BROKER_RECORD).write_text(json.dumps(fields))
    assert status(tmp_path).broker is None
    assert not stop(tmp_path)
    assert not (tmp_path / BROKER_RECORD).exists()


def test_stopping_what_was_never_started_makes_no_folder(tmp_path: Path) -> None:
    assert not stop(tmp_path / "kafka")
    assert not (tmp_path / "kafka").exists()


def test_a_broker_that_ends_at_once_is_told_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java = tmp_path / "java"
    java.write_text(
        "#!/bin/sh\n"
        'case "$*" in *-version*) echo \'openjdk version "25"\' >&2;; *StorageTool*) ;;\n'
        "*) echo 'no memory left' >&2; exit 1;; esac\n"
    )
    java.chmod(0o755)
    monkeypatch.setenv("FACTORY_BROKER", "kafka")
    monkeypatch.setenv("FACTORY_JAVA", str(java))
    monkeypatch.setattr(broker, "ensure_jars", lambda *_: [])
    with pytest.raises(LocalError, match=r"\(no memory left\): see .*broker.log"):
        start(tmp_path / "kafka")
    assert status(tmp_path / "kafka").broker is None
