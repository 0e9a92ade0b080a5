"""Start, stop and look at the broker of one folder.

Order of `start`: the broker that `KAFKA_BOOTSTRAP` names, the one already running for the folder,
Docker Compose if an engine answers, else Apache Kafka itself.
"""

import json
import os
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from streams.local import compose, process, server
from streams.local.errors import LocalError
from streams.local.jars import ensure_jars
from streams.local.java import find_java
from streams.local.lock import only_starter
from streams.local.old_session import end_old_session, is_left
from streams.local.ports import LOOPBACK, choose_ports
from streams.local.progress import Reporter, Silent
from streams.local.ready import answers, wait_until_ready
from streams.local.settings import KAFKA_VERSION, Settings
from topics.settings import BROKER_RECORD

GIVEN_TIMEOUT_S = 10.0
READY_TIMEOUT_S = 60.0
"""Start of a broker on a slow machine with a long log to check after a kill; 4 s usually."""
STOP_GRACE_S = 30.0
"""A broker closes its logs on SIGTERM; ended harder it would have to check them when it starts."""


class Kind(StrEnum):
    """Who runs the broker."""

    GIVEN = "given"
    COMPOSE = "compose"
    KAFKA = "kafka"


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker that works. `pid` is None unless Apache Kafka runs as a process of this machine."""

    bootstrap: str
    kind: Kind
    pid: int | None = None


@dataclass(frozen=True, slots=True)
class BrokerStatus:
    """What is known of a folder's broker: `broker` is None if none is running."""

    directory: Path
    broker: Broker | None
    log: Path


@dataclass(frozen=True, slots=True)
class _Record:
    """What `broker.json` keeps of a broker we started."""

    bootstrap: str
    kind: str
    pid: int | None
    identity: str | None


def start(directory: Path | None = None, *, progress: Reporter | None = None) -> Broker:
    """Give a working broker, starting one if need be; safe to call again and from two processes.

    directory: folder of the broker, `.local/kafka` of the project by default.
    Raises `LocalError` if none can be had.
    """
    settings = Settings.from_environment(directory)
    reporter = progress or Silent()
    if settings.bootstrap is not None:
        return _given(settings.bootstrap)
    with only_starter(settings.directory, reporter):
        running = _working(settings.directory)
        if running is not None:
            return running
        match _kind(settings):
            case Kind.COMPOSE:
                return _start_compose(settings, reporter)
            case Kind.KAFKA:
                return _start_kafka(settings, reporter)
            case Kind.GIVEN as other:
                raise AssertionError(other)
            case unknown:
                assert_never(unknown)


def start_kafka(directory: Path, *, progress: Reporter | None = None) -> Broker:
    """Give a working Apache Kafka process for that folder, whatever the environment names.

    For tests that need a broker they may kill. Raises `LocalError` if it cannot be had.
    """
    settings = Settings.from_environment(directory)
    reporter = progress or Silent()
    with only_starter(settings.directory, reporter):
        return _working(settings.directory) or _start_kafka(settings, reporter)


def stop(directory: Path | None = None, *, progress: Reporter | None = None) -> bool:
    """Stop the broker that was started for that folder; False if none was running.

    Ends nothing but the recorded process: a broker that somebody else runs stays.
    """
    settings = Settings.from_environment(directory)
    if not (settings.directory / BROKER_RECORD).is_file():
        return False
    with only_starter(settings.directory, progress or Silent()):
        record = _read_record(settings.directory)
        was_running = _running(settings.directory) is not None
        if record is not None and was_running:
            _end(settings.directory, record)
        (settings.directory / BROKER_RECORD).unlink(missing_ok=True)
    return was_running


def status(directory: Path | None = None) -> BrokerStatus:
    """Tell whether the folder's broker is running; changes nothing."""
    settings = Settings.from_environment(directory)
    log = server.Files(settings.directory).log
    if settings.bootstrap is not None:
        works = answers(settings.bootstrap, GIVEN_TIMEOUT_S)
        given = Broker(settings.bootstrap, Kind.GIVEN) if works else None
        return BrokerStatus(settings.directory, given, log)
    return BrokerStatus(settings.directory, _running(settings.directory), log)


def _given(bootstrap: str) -> Broker:
    if not answers(bootstrap, GIVEN_TIMEOUT_S):
        raise LocalError(
            f"No broker answers at KAFKA_BOOTSTRAP={bootstrap}: "
            "start it, or unset KAFKA_BOOTSTRAP to have one started here."
        )
    return Broker(bootstrap, Kind.GIVEN)


def _kind(settings: Settings) -> Kind:
    match settings.kind:
        case None:
            with_docker = compose.compose_file().is_file() and compose.engine_answers()
            return Kind.COMPOSE if with_docker else Kind.KAFKA
        case "compose":
            return Kind.COMPOSE
        case "kafka":
            return Kind.KAFKA
        case other:
            raise LocalError(f"FACTORY_BROKER is {other}: set it to compose or kafka, or unset it.")


def _start_compose(settings: Settings, progress: Reporter) -> Broker:
    progress.say("Starting Apache Kafka with Docker Compose")
    bootstrap = compose.up()
    if not wait_until_ready(bootstrap, READY_TIMEOUT_S, lambda: True):
        raise LocalError(
            f"The broker of docker-compose.yml does not work at {bootstrap}: "
            "see `docker compose logs kafka`, or set FACTORY_BROKER=kafka to do without Docker."
        )
    _write_record(settings.directory, _Record(bootstrap, Kind.COMPOSE, None, None))
    return Broker(bootstrap, Kind.COMPOSE)


def _start_kafka(settings: Settings, progress: Reporter) -> Broker:
    files = server.Files(settings.directory)
    java = find_java(settings.java)
    jars = ensure_jars(settings.jars, settings.maven_url, progress)
    try:
        ports = choose_ports(files.ports)
        server.write_settings(files, ports)
    except OSError as error:
        raise LocalError(
            f"The broker's folder {settings.directory} cannot be written ({error.strerror}): "
            "free some space there, or set FACTORY_LOCAL to another folder."
        ) from error
    bootstrap = f"{LOOPBACK}:{ports.client}"

    def record(pid: int, identity: str) -> None:
        # Before it works, so that an interrupted start can still be stopped.
        _write_record(settings.directory, _Record(bootstrap, Kind.KAFKA, pid, identity))

    if not server.is_formatted(files):
        server.format_storage(java, jars, files)
    elif is_left(files, ports):
        progress.say("The broker was not stopped the last time: ending its old session")
        end_old_session(java, jars, files, ports, record)
    progress.say(f"Starting Apache Kafka {KAFKA_VERSION} on {LOOPBACK}:{ports.client}")
    pid = server.spawn(java, jars, files)
    identity = process.identity(pid) or ""
    record(pid, identity)
    if not wait_until_ready(bootstrap, READY_TIMEOUT_S, lambda: process.is_running(pid, identity)):
        process.stop(pid, identity, grace_s=0)
        (settings.directory / BROKER_RECORD).unlink(missing_ok=True)
        raise LocalError(
            f"Apache Kafka ended or did not work within {READY_TIMEOUT_S:.0f} s "
            f"({server.last_words(files)}): see {files.log} and {files.output}."
        )
    return Broker(bootstrap, Kind.KAFKA, pid)


def _running(directory: Path) -> Broker | None:
    """Give the recorded broker if that very process runs, or that container answers."""
    record = _read_record(directory)
    if record is None:
        return None
    if record.kind == Kind.KAFKA:
        if record.pid is None or record.identity is None:
            return None
        if not process.is_running(record.pid, record.identity):
            return None
        return Broker(record.bootstrap, Kind.KAFKA, record.pid)
    works = answers(record.bootstrap, timeout_s=2.0)
    return Broker(record.bootstrap, Kind.COMPOSE) if works else None


def _working(directory: Path) -> Broker | None:
    """Give the running broker once it works: it may be starting still, or dying of a kill."""
    broker = _running(directory)
    if broker is None or wait_until_ready(
        broker.bootstrap, READY_TIMEOUT_S, lambda: _running(directory) is not None
    ):
        return broker
    if _running(directory) is None:
        return None
    raise LocalError(
        f"A broker runs at {broker.bootstrap} but does not work: "
        "stop it with `factory kafka stop` and start again."
    )


def _end(directory: Path, record: _Record) -> None:
    if record.kind == Kind.COMPOSE:
        compose.stop()
    elif record.pid is not None and not process.stop(
        record.pid, record.identity or "", STOP_GRACE_S
    ):
        raise LocalError(
            f"The broker's process {record.pid} does not end: "
            f"end it by hand and delete {directory / BROKER_RECORD}."
        )


def _read_record(directory: Path) -> _Record | None:
    """Read `broker.json`; a damaged one counts as none, so that it can be replaced."""
    try:
        fields = json.loads((directory / BROKER_RECORD).read_text(encoding="utf-8"))
        pid, identity = fields["pid"], fields["identity"]
        return _Record(
            bootstrap=str(fields["bootstrap"]),
            kind=Kind(fields["kind"]),
            pid=None if pid is None else int(pid),
            identity=None if identity is None else str(identity),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_record(directory: Path, record: _Record) -> None:
    beside = directory / f".{BROKER_RECORD}.{os.getpid()}"
    beside.write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")
    beside.replace(directory / BROKER_RECORD)
