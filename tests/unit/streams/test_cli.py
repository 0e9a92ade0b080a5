"""What every command of `factory` promises: exit codes, one sentence, data on stdout alone."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from topics.catalogue import TOPICS


def _factory(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FACTORY_", "KAFKA_"))}
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=kept | environ,
    )


def test_json_on_stdout_is_one_document() -> None:
    answer = _factory("topics", "list", "--json")
    assert answer.returncode == 0
    assert [row["topic"] for row in json.loads(answer.stdout)] == [topic.name for topic in TOPICS]
    assert answer.stderr == ""


def test_a_table_that_is_piped_keeps_every_column_whole() -> None:
    lines = _factory("topics", "list").stdout.splitlines()
    assert len(lines) == len(TOPICS) + 1
    assert all(topic.holds in line for topic, line in zip(TOPICS, lines[1:], strict=True))


@pytest.mark.parametrize("arguments", [["kafka", "status"], ["topics", "check"]])
def test_what_a_person_can_put_right_is_one_sentence_on_stderr(
    tmp_path: Path, arguments: list[str]
) -> None:
    answer = _factory(*arguments, FACTORY_LOCAL=str(tmp_path))
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.count("\n") == 1
    assert "factory kafka start" in answer.stderr


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["topics", "nonsense"], ["topics", "list", "-x"]]
)
def test_what_is_not_understood_ends_with_2(arguments: list[str]) -> None:
    assert _factory(*arguments).returncode == 2


def test_a_machine_is_told_that_no_broker_runs(tmp_path: Path) -> None:
    answer = _factory("kafka", "status", "--json", FACTORY_LOCAL=str(tmp_path))
    assert answer.returncode == 1
    assert json.loads(answer.stdout)["running"] is False


def test_stopping_a_broker_that_does_not_run_is_no_failure(tmp_path: Path) -> None:
    answer = _factory("kafka", "stop", "--json", FACTORY_LOCAL=str(tmp_path))
    assert (answer.returncode, json.loads(answer.stdout)) == (0, {"stopped": False})


def test_the_access_rules_for_a_machine_are_those_for_a_person() -> None:
    rights = json.loads(_factory("topics", "acls", "--json").stdout)
    lines = _factory("topics", "acls").stdout.splitlines()
    assert len(rights) == len(lines)
    assert lines[0].startswith(rights[0]["principal"])


def test_an_interrupt_ends_a_download_at_once_and_without_a_trace(tmp_path: Path) -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FACTORY_", "KAFKA_"))}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environ = {
            "FACTORY_BROKER": "kafka",
            "FACTORY_CACHE": str(tmp_path / "cache"),
            "FACTORY_LOCAL": str(tmp_path / "local"),
            "FACTORY_MAVEN_URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
        }
        command = [sys.executable, "-m", "streams.cli", "kafka", "start"]
        with subprocess.Popen(command, env=kept | environ, stderr=subprocess.PIPE) as starter:
            asked, _ = silent.accept()
            with asked:
                starter.send_signal(signal.SIGINT)
                _, told = starter.communicate(timeout=20)
    assert starter.returncode == 130
    assert b"Traceback" not in told
    assert not list((tmp_path / "cache").rglob("*.part"))
