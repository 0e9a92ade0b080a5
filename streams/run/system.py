"""Bring the whole local system up: broker, topics, workers, query side, feed, reference agents."""

import fcntl
import json
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from schemas.output import OperatorError
from streams.local import OnStderr
from streams.local import start as start_broker
from streams.local import status as broker_status
from streams.local import stop as stop_broker
from streams.run.fleet import Fleet
from topics.catalogue import TOPICS
from topics.model import PARTITIONS
from topics.provision import admin_client, provision
from topics.settings import local_root

RECORD: Final = "system.json"
"""File under ``.local/run`` that says which processes run and where they answer."""
LOOPBACK: Final = "127.0.0.1"
WORKERS: Final = ("worker-1", "worker-2")
AGENTS: Final = ("architect", "engineer", "reviewer")
HTTP_SECONDS: Final = 2

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class System:
    """A running local system."""

    bootstrap: str
    api: str
    status_pages: Mapping[str, str]
    pids: Mapping[str, int]

    def document(self) -> dict[str, Any]:
        """Give it as JSON values: what the record file holds."""
        return {
            "bootstrap": self.bootstrap,
            "api": self.api,
            "statusPages": dict(self.status_pages),
            "pids": dict(self.pids),
        }


def free_port() -> int:
    """Give a port of the loopback interface that is free now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def running_system() -> System:
    """Give the system that `factory run` or `factory up` started. Raises OperatorError if none is recorded."""
    try:
        record = json.loads((_run_folder() / RECORD).read_text(encoding="utf-8"))
        return System(record["bootstrap"], record["api"], record["statusPages"], record["pids"])
    except (OSError, ValueError, KeyError):
        raise OperatorError("No local system is running: start one with `factory up`.") from None


def _run_folder() -> Path:
    return local_root() / "run"


@contextmanager
def local_system(told: Told, agents: tuple[str, ...] = AGENTS) -> Iterator[System]:
    """Start what is not running yet, give the system, stop at the end what was started, the broker included.

    A broker that ran before stays. Raises OperatorError, also where another system is running.
    """
    folder = _run_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OperatorError(
                "A local system is running already: end that one, or set FACTORY_LOCAL to another folder."
            ) from None
        ran_before = broker_status().broker is not None
        try:
            with _started(told, agents) as system:
                yield system
        finally:
            if not ran_before:
                stop_broker()


@contextmanager
def _started(told: Told, agents: tuple[str, ...]) -> Iterator[System]:
    told("broker")
    broker = start_broker(progress=OnStderr())
    told("topics")
    report = provision(admin_client(broker.bootstrap), TOPICS)
    if not report.is_sound:
        raise OperatorError("The topics differ from the catalogue: see `factory topics check`.")
    environment = {"KAFKA_BOOTSTRAP": broker.bootstrap, "FACTORY_LOCAL": str(local_root())}
    with Fleet(local_root() / "logs", environment) as fleet:
        system = _start_all(fleet, broker.bootstrap, broker.pid, agents, told)
        record = _run_folder() / RECORD
        record.write_text(json.dumps(system.document(), indent=1), encoding="utf-8")
        try:
            yield system
        finally:
            record.unlink(missing_ok=True)
            told("stopping")


def _start_all(
    fleet: Fleet, bootstrap: str, broker_pid: int | None, agents: tuple[str, ...], told: Told
) -> System:
    pages = {name: f"http://{LOOPBACK}:{free_port()}" for name in WORKERS}
    for name, page in pages.items():
        port = page.rpartition(":")[2]
        fleet.start(name, "worker", "--name", name, FACTORY_WORKER_PORT=port)
    api = f"http://{LOOPBACK}:{free_port()}"
    fleet.start("query", "query", "serve", "--port", api.rpartition(":")[2])
    fleet.start("feed", "feed")
    told("workers")
    fleet.wait_until("The workers", lambda: owned_partitions(pages.values()) == PARTITIONS)
    for agent in agents:
        fleet.start(f"agent-{agent}", "agents", "serve", agent)
    told("query API")
    fleet.wait_until("The query API", lambda: _answers(f"{api}/readyz"))
    os.environ.update(KAFKA_BOOTSTRAP=bootstrap, FACTORY_API=api)
    pids = {member.name: member.process.pid for member in fleet.members}
    if broker_pid is not None:
        pids["broker"] = broker_pid
    return System(bootstrap, api, {name: f"{page}/" for name, page in pages.items()}, pids)


def owned_partitions(pages: Any) -> int:
    """Give how many partitions the workers behind these status pages own and have restored."""
    return sum(len(_json(f"{page}/").get("partitions", ())) for page in pages)


def _json(url: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(url, timeout=HTTP_SECONDS) as answer:  # noqa: S310 - our own loopback URL
            document: dict[str, Any] = json.load(answer)
            return document
    except (OSError, ValueError):
        return {}


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=HTTP_SECONDS):  # noqa: S310 - our own loopback URL
            return True
    except (urllib.error.URLError, OSError):
        return False
