"""The broker of a site as something that can be broken: one with a second way in through a proxy, or three."""

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final, Protocol

from streams.local import LocalError, process, server, start_kafka, stop
from streams.local.jars import ensure_jars
from streams.local.java import find_java
from streams.local.ports import Ports
from streams.local.progress import Silent
from streams.local.settings import Settings
from tests.fault.proxy import LOOPBACK, Proxy
from topics.settings import BROKER_RECORD

NODES: Final = (1, 2, 3)
FORMAT_SECONDS_MAX: Final = 60
STARTS_MAX: Final = 3


class Brokers(Protocol):
    """What every site needs of its brokers."""

    bootstrap: str

    def start(self) -> None:
        """Start what does not run; returns when it works."""

    def stop(self) -> None:
        """Stop what runs."""


def free_ports(count: int) -> list[int]:
    """Give ports of loopback that are free now, each another."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [int(each.getsockname()[1]) for each in sockets]


def write_extra(folder: Path, ports: Ports, settings: dict[str, str]) -> server.Files:
    """Fix a broker's ports and put settings over ours; give its files."""
    files = server.Files(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files.ports.write_text(json.dumps({"client": ports.client, "controller": ports.controller}))
    files.extra.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return files


def kill(folder: Path) -> float:
    """Kill -9 the broker of a folder; give the instant (seconds of the wall clock) when it was gone."""
    os.kill(_pid(folder), signal.SIGKILL)
    return time.time()


def _pid(folder: Path) -> int:
    return int(json.loads((folder / BROKER_RECORD).read_text())["pid"])


class OneBroker:
    """A broker alone. Who enters by ``link`` goes through ``proxy``, for every connection: it advertises that port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "kafka"
        client, controller, proxied, link = free_ports(4)
        self.bootstrap = f"{LOOPBACK}:{client}"
        self.link = f"{LOOPBACK}:{link}"
        self._ends = (link, proxied)
        write_extra(
            self.folder,
            Ports(client, controller),
            {
                "listeners": f"CLIENT://{LOOPBACK}:{client},CONTROLLER://{LOOPBACK}:{controller},"
                f"PROXIED://{LOOPBACK}:{proxied}",
                "advertised.listeners": f"CLIENT://{self.bootstrap},PROXIED://{self.link}",
                "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT",
            },
        )

    @property
    def data(self) -> Path:
        """Folder of its log."""
        return server.Files(self.folder).data

    def proxy(self) -> Proxy:
        """Give a new proxy for the second way in; the caller starts and stops it."""
        return Proxy(*self._ends)

    def start(self) -> None:
        """Start it on the data that it has."""
        broker = start_kafka(self.folder)
        if broker.bootstrap != self.bootstrap:
            raise AssertionError("the broker came back at another port")

    def stop(self) -> None:
        """Stop it."""
        stop(self.folder)

    def kill(self) -> float:
        """Kill -9."""
        return kill(self.folder)

    def is_running(self) -> bool:
        """Tell whether its process runs."""
        return process.identity(_pid(self.folder)) is not None

    def lose_everything(self) -> None:
        """Stop it and take its data away; ``find_again`` puts them back."""
        self.stop()
        self.data.rename(self.folder / "data.aside")

    def find_again(self) -> None:
        """Stop it and put back the data that were taken away, in place of what it has now."""
        self.stop()
        shutil.rmtree(self.data)
        (self.folder / "data.aside").rename(self.data)


class ThreeBrokers:
    """Three nodes, each broker and controller: every partition on all of them, two must have a record."""

    def __init__(self, folder: Path) -> None:
        self._folders = {node: folder / f"kafka-{node}" for node in NODES}
        numbers = free_ports(2 * len(NODES))
        self._ports = {node: Ports(*numbers[2 * at : 2 * at + 2]) for at, node in enumerate(NODES)}
        self.addresses = {node: f"{LOOPBACK}:{p.client}" for node, p in self._ports.items()}
        self.bootstrap = ",".join(self.addresses.values())
        controllers = ",".join(f"{LOOPBACK}:{p.controller}" for p in self._ports.values())
        self._files = {
            node: write_extra(
                self._folders[node],
                self._ports[node],
                {
                    "node.id": str(node),
                    "controller.quorum.bootstrap.servers": controllers,
                    "default.replication.factor": "3",
                    "min.insync.replicas": "2",
                    "offsets.topic.replication.factor": "3",
                    "transaction.state.log.replication.factor": "3",
                    "transaction.state.log.min.isr": "2",
                    # The others take over soon; a broker alone has none.
                    "broker.session.timeout.ms": "3000",
                },
            )
            for node in NODES
        }

    def start(self) -> None:
        """Form the quorum if need be and start every node that does not run."""
        if not server.is_formatted(self._files[1]):
            self._format()
        with ThreadPoolExecutor(len(NODES)) as pool:
            list(pool.map(_start_patiently, self._folders.values()))

    def _format(self) -> None:
        settings = Settings.from_environment(self._folders[1])
        java = find_java(settings.java)
        jars = ensure_jars(settings.jars, settings.maven_url, Silent())
        cluster = _uuid()
        members = ",".join(
            f"{node}@{LOOPBACK}:{ports.controller}:{_uuid()}" for node, ports in self._ports.items()
        )
        for node, files in self._files.items():
            server.write_settings(files, self._ports[node])
            command = [
                *server._java_command(java, jars, files, heap=server.FORMAT_HEAP),
                "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(files.properties),
                "--initial-controllers", members,
            ]  # fmt: skip
            subprocess.run(command, check=True, capture_output=True, timeout=FORMAT_SECONDS_MAX)

    def kill(self, node: int) -> float:
        """Kill -9 a node."""
        return kill(self._folders[node])

    def stop(self) -> None:
        """Stop every node."""
        with ThreadPoolExecutor(len(NODES)) as pool:
            list(pool.map(stop, self._folders.values()))


def _start_patiently(folder: Path) -> None:
    """Start a node; three at once on a busy machine may need longer than a broker alone is given."""
    for _ in range(STARTS_MAX - 1):
        with suppress(LocalError):
            start_kafka(folder)
            return
    start_kafka(folder)


def _uuid() -> str:
    text = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode("ascii")
    # A leading dash would read as an option.
    return text.replace("-", "A")
