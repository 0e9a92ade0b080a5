"""The session that a killed broker leaves behind is ended before the broker starts again.

The metadata of a broker that was killed still call it alive and leader of everything. Started on them, it takes up all
its partitions and coordinators, and loses them a session later, when its controller finds that nobody answers for the
old registration. What its coordinators do in between is lost or done twice: the markers of a transaction whose commit
was acknowledged are left out because "these partitions are likely deleted" (KAFKA-20734, in Kafka 4.3.1), and that
transaction stays open for ever. So the controller alone goes first, with a session that is over at once.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from streams.local import process, server
from streams.local.errors import LocalError
from streams.local.ports import LOOPBACK, Ports

CLEAN: Final = ".kafka_cleanshutdown"
"""Kafka leaves this file in its data if it was stopped, and takes it away when it starts."""
SECONDS_MAX: Final = 60.0
FENCED_SECONDS_MAX: Final = 3.0
"""From the controller's activation; a broker that was killed before it was alive has nothing that could be ended."""
ACTIVE: Final = "Performing controller activation"
FENCED: Final = "fenced=1"
SESSION: Final = {"broker.session.timeout.ms": "100", "broker.heartbeat.interval.ms": "50"}
BROKERS_ONLY: Final = ("advertised.listeners", "inter.broker.listener.name")
POLL_S: Final = 0.02
STOP_GRACE_S: Final = 10.0


def is_left(files: server.Files, ports: Ports) -> bool:
    """Tell whether the broker of this folder was not stopped, and has no other node that would end its session."""
    if not server.is_formatted(files) or (files.data / CLEAN).is_file():
        return False
    quorum = _settings(files, ports)["controller.quorum.bootstrap.servers"]
    return quorum == f"{LOOPBACK}:{ports.controller}"


def end_old_session(
    java: Path,
    jars: Sequence[Path],
    files: server.Files,
    ports: Ports,
    started: Callable[[int, str], None],
) -> None:
    """Run the folder's controller without its broker until the broker's old session is over; about 1.5 s.

    ``started`` is told pid and identity of that process, so that it can be ended if we are. Raises `LocalError`.
    """
    alone = server.Files(files.directory / "controller")
    alone.directory.mkdir(exist_ok=True)
    alone.log.unlink(missing_ok=True)
    alone.properties.write_text(_controller_properties(files, ports), encoding="utf-8")
    server.write_logging(alone)
    pid = server.spawn(java, jars, alone)
    identity = process.identity(pid) or ""
    started(pid, identity)
    try:
        _wait(alone, lambda: process.is_running(pid, identity))
    finally:
        process.stop(pid, identity, STOP_GRACE_S)


def _wait(alone: server.Files, is_alive: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    fenced_by = None
    while is_alive() and time.monotonic() < deadline:
        told = _told(alone.log)
        _, active, since = told.partition(ACTIVE)
        if active:
            # What came before is the controller reading its own log, old sessions too.
            fenced_by = fenced_by or time.monotonic() + FENCED_SECONDS_MAX
            if FENCED in since or time.monotonic() > fenced_by:
                return
        time.sleep(POLL_S)
    raise LocalError(
        f"Apache Kafka was killed and its controller does not come back ({server.last_words(alone)}): see {alone.log}."
    )


def _told(log: Path) -> str:
    try:
        return log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _settings(files: server.Files, ports: Ports) -> dict[str, str]:
    """Give the broker's settings; as in Kafka's own reading the last line of a name wins."""
    pairs = (
        line.partition("=") for line in server.server_properties(files, ports).splitlines() if line
    )
    return {name.strip(): value.strip() for name, _, value in pairs}


def _controller_properties(files: server.Files, ports: Ports) -> str:
    kept = {
        name: value for name, value in _settings(files, ports).items() if name not in BROKERS_ONLY
    }
    alone = SESSION | {
        "process.roles": "controller",
        "listeners": f"CONTROLLER://{LOOPBACK}:{ports.controller}",
    }
    return "".join(f"{name}={value}\n" for name, value in (kept | alone).items())
