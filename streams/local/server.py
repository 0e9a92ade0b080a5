"""Apache Kafka as a process of this machine: its settings, its storage, its start."""

import base64
import os
import subprocess
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streams.local.errors import LocalError
from streams.local.ports import LOOPBACK, Ports

HEAP = ("-Xmx512m", "-Xms256m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError")
FORMAT_HEAP = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
FORMAT_TIMEOUT_S = 60.0

SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "CLIENT",
    "controller.listener.names": "CONTROLLER",
    # One broker: nothing can be replicated.
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # 50 each by default, which a single machine pays for at every start.
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.num.partitions": "8",
    "share.coordinator.state.topic.num.partitions": "8",
    # 100 MB by default, and the newest segment is never cleaned: a broker that was killed loaded 900,000 records of
    # one group for 8 s, began a second load meanwhile, and its coordinator never came back (ADR 1 of streams).
    "offsets.topic.segment.bytes": str(4 * 1024 * 1024),
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # No other broker could take over from this one, and one that loses its session while it works leaves out the
    # markers of transactions (KAFKA-20734). What a killed one left is ended at its start: old_session.py.
    "broker.session.timeout.ms": "60000",
    "broker.heartbeat.interval.ms": "500",
    # A takeover waits for the dead owner's transaction to be aborted: looked for every 10 s by
    # default.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
}
"""What is the same at every start; listeners and folders are added by `server_properties`."""

LOGGING = """\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {log}
appender.file.filePattern = {log}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{{ISO8601}} %p %m (%c)%n
appender.file.policies.type = SizeBasedTriggeringPolicy
appender.file.policies.size = 20MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 2
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
"""


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one broker folder."""

    directory: Path

    @property
    def data(self) -> Path:
        """Kafka's log directory: topics and cluster metadata."""
        return self.directory / "data"

    @property
    def log(self) -> Path:
        """What the broker tells while it runs; rolled at 20 MB, two older ones kept."""
        return self.directory / "broker.log"

    @property
    def output(self) -> Path:
        """What Java itself prints: empty unless it fails before logging starts."""
        return self.directory / "broker.out"

    @property
    def properties(self) -> Path:
        """Kafka's settings, written anew at each start."""
        return self.directory / "server.properties"

    @property
    def extra(self) -> Path:
        """Settings of a person's or a test's own, in Kafka's form; they win over ours."""
        return self.directory / "extra.properties"

    @property
    def logging(self) -> Path:
        """The logging back end's settings."""
        return self.directory / "log4j2.properties"

    @property
    def ports(self) -> Path:
        """The ports of the last start."""
        return self.directory / "ports.json"


def server_properties(files: Files, ports: Ports) -> str:
    """Give the text of `server.properties`: a broker and controller in one, on loopback only.

    What `extra.properties` of the folder says comes last, so it wins.
    """
    client = f"CLIENT://{LOOPBACK}:{ports.client}"
    settings = SETTINGS | {
        "listeners": f"{client},CONTROLLER://{LOOPBACK}:{ports.controller}",
        "advertised.listeners": client,
        "controller.quorum.bootstrap.servers": f"{LOOPBACK}:{ports.controller}",
        "log.dirs": _escaped(files.data),
    }
    extra = files.extra.read_text(encoding="utf-8") if files.extra.is_file() else ""
    return "".join(f"{name}={value}\n" for name, value in settings.items()) + extra


def write_settings(files: Files, ports: Ports) -> None:
    """Write what the broker reads at its start."""
    files.properties.write_text(server_properties(files, ports), encoding="utf-8")
    write_logging(files)


def write_logging(files: Files) -> None:
    """Write where Kafka logs to."""
    files.logging.write_text(LOGGING.format(log=_escaped(files.log)), encoding="utf-8")


def is_formatted(files: Files) -> bool:
    """Tell whether the storage was formatted by an earlier start."""
    return (files.data / "meta.properties").is_file()


def format_storage(java: Path, jars: Sequence[Path], files: Files) -> None:
    """Format the storage of a new broker.

    Raises `LocalError` with the last line Kafka printed if it fails.
    """
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode("ascii")
    # A leading dash would read as an option.
    cluster_id = cluster_id.replace("-", "A")
    command = [
        *_java_command(java, jars, files, heap=FORMAT_HEAP),
        "kafka.tools.StorageTool", "format", "--standalone",
        "-t", cluster_id, "-c", str(files.properties),
    ]  # fmt: skip
    try:
        answer = subprocess.run(  # noqa: S603 - our own command
            command, capture_output=True, text=True, check=False, timeout=FORMAT_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LocalError(
            f"Apache Kafka's storage in {files.data} cannot be formatted ({error}): "
            "set FACTORY_JAVA to another Java 17 or newer."
        ) from error
    if answer.returncode != 0:
        lines = (answer.stderr + answer.stdout).strip().splitlines() or ["no message"]
        raise LocalError(
            f"Apache Kafka's storage in {files.data} cannot be formatted ({lines[-1].strip()}): "
            f"see {files.log}, or delete {files.directory} to start with an empty broker."
        )


def spawn(java: Path, jars: Sequence[Path], files: Files) -> int:
    """Start the broker in a session of its own and give its pid.

    In the starter's session a Ctrl-C of `make run` would end the broker before its clients.
    """
    command = [
        *_java_command(java, jars, files, heap=HEAP),
        "kafka.Kafka", str(files.properties),
    ]  # fmt: skip
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        # Unlike Popen this leaves no object that must outlive the broker.
        return os.posix_spawn(
            command[0],
            command,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(files.output), flags, 0o644),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )
    except OSError as error:
        raise LocalError(
            f"Java cannot be started from {java} ({error.strerror}): "
            "set FACTORY_JAVA to a Java 17 or newer."
        ) from error


def last_words(files: Files) -> str:
    """Give the line that best says why a broker ended: the last error, else the last line."""
    for file in (files.log, files.output):
        try:
            lines = file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except OSError:
            continue
        errors = [line for line in lines if " ERROR " in line or " FATAL " in line]
        if errors or lines:
            return (errors or lines)[-1].strip()[:300]
    return "no message"


def _java_command(
    java: Path, jars: Sequence[Path], files: Files, heap: tuple[str, ...]
) -> list[str]:
    return [
        str(java),
        *heap,
        "-Djava.awt.headless=true",
        f"-Dlog4j2.configurationFile={files.logging.as_uri()}",
        "-cp", os.pathsep.join(map(str, jars)),
    ]  # fmt: skip


def _escaped(path: Path) -> str:
    r"""Write a path as a Java properties value: `\` starts an escape there."""
    return str(path).replace("\\", "\\\\")
