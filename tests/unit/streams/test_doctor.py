"""Each check of the doctor, in its bad case too; no broker is needed."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
from confluent_kafka import KafkaError, KafkaException

from query import file_check
from schemas.output import OperatorError
from streams import doctor_broker, doctor_cli, doctor_machine
from streams.cli import check_views
from streams.doctor import Finding, is_healthy, run
from streams.local import Broker, BrokerStatus, Kind
from streams.local.ports import choose_ports
from streams.local.server import Files
from streams.local.settings import Settings as BrokerSettings
from streams.settings import Settings
from topics.catalogue import TOPICS
from topics.provision import Drift, Report

MINUTE_MS = 60_000
NOW_MS = 1_790_000_000_000


def broker_settings(folder: Path, **environ: str) -> BrokerSettings:
    """Give the local broker's settings with a folder of their own."""
    return BrokerSettings.from_environment(folder, environ)


# -- the list ----------------------------------------------------------------------------------------
def test_a_check_that_raises_a_sentence_failed_with_it() -> None:
    def broken() -> Finding:
        raise OperatorError("The moon is down: put it up.")

    findings = run([("moon", broken), ("sun", lambda: Finding("sun", "unchecked", "it is night"))])
    assert findings[0] == Finding("moon", "fail", "The moon is down", "put it up.")
    assert not is_healthy(findings)
    assert is_healthy(findings[1:]), "what could not be checked did not fail"


# -- Java --------------------------------------------------------------------------------------------
def a_java(folder: Path, major: int) -> str:
    """Give a program that says that it is that Java."""
    program = folder / "java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{major}.0.1\"' >&2\n")
    program.chmod(0o755)
    return str(program)


def test_an_old_java_fails_and_only_warns_where_another_broker_is_used(tmp_path: Path) -> None:
    java = a_java(tmp_path, 11)
    (found,) = run(
        [
            (
                "java",
                lambda: doctor_machine.check_java(broker_settings(tmp_path, FACTORY_JAVA=java)),
            )
        ]
    )
    assert (found.status, "is Java 11" in found.found) == ("fail", True)
    assert found.todo.startswith("name a Java 17 or newer")
    other = broker_settings(tmp_path, FACTORY_JAVA=java, KAFKA_BOOTSTRAP="kafka:9092")
    assert doctor_machine.check_java(other).status == "warn"
    good = broker_settings(tmp_path, FACTORY_JAVA=a_java(tmp_path, 21))
    assert doctor_machine.check_java(good).found.startswith("Java 21 at ")


def test_a_java_of_the_wheel_that_does_not_run_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_machine, "find_java", lambda _: tmp_path / "gone")
    with pytest.raises(OperatorError, match="does not run as a Java"):
        doctor_machine.check_java(broker_settings(tmp_path))


# -- ports -------------------------------------------------------------------------------------------
def test_a_port_of_the_last_start_that_another_program_took_is_told(tmp_path: Path) -> None:
    settings = broker_settings(tmp_path)
    assert "none recorded" in doctor_machine.check_broker_ports(settings, None).found
    ports = choose_ports(Files(settings.directory).ports)
    assert doctor_machine.check_broker_ports(settings, None).status == "ok"
    with socket.create_server(("127.0.0.1", ports.client)):
        taken = doctor_machine.check_broker_ports(settings, None)
        assert (taken.status, f"port {ports.client}" in taken.found) == ("warn", True)
        held = doctor_machine.check_broker_ports(settings, 4711)
        assert (held.status, "process 4711" in held.found) == ("ok", True)


def test_a_named_port_that_is_in_use_or_is_none_is_told() -> None:
    assert doctor_machine.check_named_ports({"FACTORY_API_PORT": ""}).status == "ok"
    for text in ("http", "70000"):
        wrong = doctor_machine.check_named_ports({"FACTORY_API_PORT": text})
        assert (wrong.status, "FACTORY_API_PORT" in wrong.todo) == ("fail", True)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        named = {"FACTORY_API_PORT": "0", "FACTORY_WORKER_PORT": str(port)}
        taken = doctor_machine.check_named_ports(named)
        assert (taken.status, f"{port} (FACTORY_WORKER_PORT)" in taken.found) == ("warn", True)
    assert doctor_machine.check_named_ports(named).status == "ok"


# -- the local folder --------------------------------------------------------------------------------
def test_a_folder_that_cannot_be_written_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert doctor_machine.check_folder(tmp_path / "not" / "yet").status == "ok"
    assert list(tmp_path.iterdir()) == [], "nothing is left, not even the folder"

    def refused(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor_machine.tempfile, "NamedTemporaryFile", refused)
    found = doctor_machine.check_folder(tmp_path)
    assert (found.status, "Permission denied" in found.found) == ("fail", True)
    assert "FACTORY_LOCAL" in found.todo


class Usage(NamedTuple):
    """What a disk tells of itself."""

    free: int


@pytest.mark.parametrize(
    ("free", "status"),
    [
        (doctor_machine.SPACE_FAIL - 1, "fail"),
        (doctor_machine.SPACE_WARN - 1, "warn"),
        (doctor_machine.SPACE_WARN, "ok"),
    ],
)
def test_a_disk_that_is_nearly_full_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, status: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free))
    assert doctor_machine.check_folder(tmp_path).status == status


# -- the lease key -----------------------------------------------------------------------------------
def test_a_lease_key_that_others_can_read_or_nobody_can_use_fails(tmp_path: Path) -> None:
    assert "is made when" in doctor_machine.check_lease_key(tmp_path, "").found
    file = tmp_path / "keys" / "lease.key"
    file.parent.mkdir()
    file.write_text(f"k2:{'n' * 32},k1:{'o' * 32}")
    file.chmod(0o600)
    found = doctor_machine.check_lease_key(tmp_path, "")
    assert found == Finding("lease key", "ok", f"{file}: k2 signs, k1 before")
    file.chmod(0o640)
    with pytest.raises(OperatorError, match="chmod 600"):
        doctor_machine.check_lease_key(tmp_path, "")
    with pytest.raises(OperatorError, match="keyId:secret"):
        doctor_machine.check_lease_key(tmp_path, "k1:short")


def test_a_lease_key_that_cannot_be_read_fails(tmp_path: Path) -> None:
    (tmp_path / "keys" / "lease.key").mkdir(parents=True, mode=0o700)
    found = doctor_machine.check_lease_key(tmp_path, "")
    assert (found.status, "cannot be read" in found.found) == ("fail", True)


# -- the broker --------------------------------------------------------------------------------------
def settings(folder: Path) -> Settings:
    """Give settings of a broker that does not exist."""
    return Settings(bootstrap="127.0.0.1:9", local=folder)


def status(folder: Path, broker: Broker | None = None) -> BrokerStatus:
    """Give what is known of the local broker."""
    return BrokerStatus(folder, broker, folder / "broker.log")


def test_a_broker_that_does_not_answer_fails_and_says_how_to_have_one(tmp_path: Path) -> None:
    found = doctor_broker.check_broker(settings(tmp_path), None, status(tmp_path))
    assert (found.status, "127.0.0.1:9" in found.found) == ("fail", True)
    assert "factory kafka start" in found.todo


@pytest.mark.parametrize(
    ("missing", "drift", "expected", "todo"),
    [
        (("cp.state.v1",), (), "fail", "`factory topics provision`"),
        ((), (Drift("cp.state.v1", "partitions", "8", "4"),), "fail", "another broker folder"),
        ((), (Drift("cp.state.v1", "cleanup.policy", "compact", "delete"),), "warn", "--repair"),
        ((), (), "ok", ""),
    ],
)
def test_topics_that_are_missing_or_differ_are_told(
    monkeypatch: pytest.MonkeyPatch,
    missing: tuple[str, ...],
    drift: tuple[Drift, ...],
    expected: str,
    todo: str,
) -> None:
    report = Report(present=(), missing=missing, drift=drift)
    monkeypatch.setattr(
        doctor_broker, "check", lambda _admin, topics: report if topics is TOPICS else None
    )
    found = doctor_broker.check_topics(None)  # type: ignore[arg-type]
    assert found.status == expected
    assert todo in found.todo


def test_a_start_that_a_worker_would_be_refused_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert doctor_broker.check_start(settings(tmp_path)).status == "unchecked"
    assert not (tmp_path / "keys").exists(), "no key is made for a look"

    class Refused:
        def __init__(self, *_: object) -> None:
            pass

        def check(self) -> None:
            raise OperatorError("The lease secret lacks key k1: put it there.")

    monkeypatch.setattr(doctor_broker, "Start", Refused)
    keyed = Settings(bootstrap="127.0.0.1:9", local=tmp_path, lease_secret=f"k1:{'s' * 32}")
    with pytest.raises(OperatorError, match="lacks key k1"):
        doctor_broker.check_start(keyed)


@pytest.mark.parametrize(
    ("newest_ms", "expected", "said"),
    [
        (NOW_MS + 10 * MINUTE_MS, "fail", "at least 600 s behind"),
        (NOW_MS + MINUTE_MS, "warn", "at least 60 s behind"),
        (NOW_MS + 500, "ok", "at most 0 s"),
        (NOW_MS - MINUTE_MS, "ok", "ahead of the broker by at most 60 s"),
        (NOW_MS - 30 * MINUTE_MS, "unchecked", "none for 30 min"),
        (-1, "unchecked", "no record on an input topic"),
    ],
)
def test_the_clock_is_judged_by_what_the_broker_appended(
    newest_ms: int, expected: str, said: str
) -> None:
    found = doctor_broker.judged_clock(newest_ms, NOW_MS)
    assert (found.status, said in found.found) == (expected, True)
    assert (found.todo == "") == (expected == "ok")


def test_a_broker_of_this_machine_has_our_clock_and_our_release(tmp_path: Path) -> None:
    ours = status(tmp_path, Broker("127.0.0.1:9", Kind.KAFKA, 4711))
    found = doctor_broker.check_clock(settings(tmp_path), Admin(), ours)  # type: ignore[arg-type]
    assert found.status == "ok"
    given = status(tmp_path, Broker("127.0.0.1:9", Kind.GIVEN))
    found = doctor_broker.check_clock(settings(tmp_path), Admin(), given)  # type: ignore[arg-type]
    assert (found.status, "the broker failed" in found.found) == ("unchecked", True)


class Admin:
    """A broker that went away since it answered."""

    def list_topics(self, **_: object) -> None:
        raise KafkaException(KafkaError(KafkaError._TRANSPORT))


# -- schemas and views -------------------------------------------------------------------------------
def test_a_schema_that_breaks_its_lock_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [{"where": "Jar.v1.avsc", "rule": "is recursive"}]
    monkeypatch.setattr(doctor_cli, "schema_findings", lambda: broken)
    found = doctor_cli.check_schemas()
    assert (found.status, found.found) == ("fail", "1 findings, first Jar.v1.avsc: is recursive")


HOLD = """
import duckdb, sys
held = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def test_the_views_are_told_to_be_held_by_their_process_or_not_to_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACTORY_LOCAL", str(tmp_path))
    path = tmp_path / "query" / "factory.duckdb"
    assert "is made when" in check_views().found
    path.parent.mkdir()
    duckdb.connect(str(path)).close()
    assert check_views().found.endswith("nobody holds it")
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        held = check_views()
        assert (held.status, f"process {holder.pid}" in held.found) == ("ok", True)
        holder.communicate()
    path.write_bytes(b"no database" * 1000)
    doubtful = check_views()
    assert (doubtful.status, "does not open" in doubtful.found) == ("warn", True)
    assert file_check.look(path).state == "doubtful", "and it is still there"


# -- the command -------------------------------------------------------------------------------------
def doctor(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command where no broker runs."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FACTORY_", "KAFKA_"))}
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", "doctor", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=kept | {"FACTORY_LOCAL": str(folder)},
    )


def test_without_a_broker_the_doctor_ends_with_1_and_says_what_to_do(tmp_path: Path) -> None:
    answer = doctor(tmp_path, "--json")
    assert (answer.returncode, answer.stderr) == (1, "")
    document: dict[str, Any] = json.loads(answer.stdout)
    found = {row["check"]: row for row in document["checks"]}
    assert document["healthy"] is False
    assert [name for name, row in found.items() if row["status"] == "fail"] == ["broker"]
    assert "factory kafka start" in found["broker"]["todo"]
    assert found["topics"]["status"] == "unchecked"
    assert list(tmp_path.iterdir()) == [], "nothing was made"
    lines = doctor(tmp_path).stdout.splitlines()
    assert len(lines) == len(found) + 1
    assert any("broker" in line and "fail" in line for line in lines)
