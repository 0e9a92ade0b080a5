"""Checks of this machine: Java, ports, the local folder, the lease key."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from streams.doctor import Finding
from streams.keys import key_file, parsed_keys, read_key_file
from streams.local import Kind, LocalError
from streams.local.java import JAVA_MAJOR_MIN, find_java, major_of
from streams.local.ports import is_free, recorded_ports
from streams.local.server import Files
from streams.local.settings import Settings as BrokerSettings

_MEBIBYTE: Final = 1024 * 1024
SPACE_FAIL: Final = 256 * _MEBIBYTE
"""Below this a broker soon cannot roll a log segment (16 MiB each for the state)."""
SPACE_WARN: Final = 2048 * _MEBIBYTE
PORT_VARIABLES: Final = ("FACTORY_API_PORT", "FACTORY_WORKER_PORT")
"""Variables that name a port on loopback to listen on."""
_NO_PORT: Final = (None, "", "0")
"""Values that leave the choice of a free port to the system."""
_PORT_MAX: Final = 65_535


def check_java(settings: BrokerSettings) -> Finding:
    """Check the Java that a local broker would run on; it is not needed where another broker is used."""
    try:
        java, major = _runnable(settings.java)
    except LocalError as error:
        if settings.bootstrap is None and settings.kind != Kind.COMPOSE:
            raise
        found, _, todo = str(error).partition(": ")
        return Finding("java", "warn", f"{found}; no broker of this machine is asked for", todo)
    return Finding("java", "ok", f"Java {major} at {java}")


def _runnable(named: str | None) -> tuple[Path, int]:
    java = find_java(named)
    major = major_of(str(java))
    if major is None or major < JAVA_MAJOR_MIN:
        raise LocalError(
            f"{java} does not run as a Java {JAVA_MAJOR_MIN} or newer: install the project's requirements "
            "again, or set FACTORY_JAVA to one that does."
        )
    return java, major


def check_broker_ports(settings: BrokerSettings, running_pid: int | None) -> Finding:
    """Check that a local broker can have the ports that it had before; ``running_pid`` is that of one that runs."""
    ports = recorded_ports(Files(settings.directory).ports)
    if ports is None:
        return Finding("broker ports", "ok", "none recorded: the first start takes two free ones")
    both = f"{ports.client} and {ports.controller}"
    if running_pid is not None:
        return Finding(
            "broker ports", "ok", f"{both} are held by the broker, process {running_pid}"
        )
    taken = [port for port in (ports.client, ports.controller) if not is_free(port)]
    if not taken:
        return Finding("broker ports", "ok", f"{both} are free")
    return Finding(
        "broker ports",
        "warn",
        f"port {taken[0]} of the last start is in use, and not by the broker of {settings.directory}",
        "end the program that listens there, or let `factory kafka start` take another port; "
        "clients that know the old one must then be started again",
    )


def check_named_ports(environ: Mapping[str, str] = os.environ) -> Finding:
    """Check the ports that the environment names for pages and the API."""
    named = {name: environ[name] for name in PORT_VARIABLES if environ.get(name) not in _NO_PORT}
    wrong = [name for name, text in named.items() if not text.isdigit() or int(text) > _PORT_MAX]
    if wrong:
        what = f"{wrong[0]} is {named[wrong[0]]!r}, which is no port"
        return Finding(
            "named ports", "fail", what, f"set {wrong[0]} to 1 to {_PORT_MAX}, or unset it"
        )
    taken = [name for name, text in named.items() if not is_free(int(text))]
    if taken:
        return Finding(
            "named ports",
            "warn",
            f"port {named[taken[0]]} ({taken[0]}) is in use",
            "nothing if a process of this system listens there; else end the program that does, or name another port",
        )
    free = ", ".join(f"{text} ({name})" for name, text in named.items())
    return Finding(
        "named ports", "ok", f"{free} free" if free else "none named: free ones are taken"
    )


def check_folder(local: Path) -> Finding:
    """Check that the local folder, or the one that it would be made in, can be written and has room."""
    place = next(folder for folder in (local, *local.parents) if folder.is_dir())
    todo = "set FACTORY_LOCAL to a folder of yours"
    try:
        with tempfile.NamedTemporaryFile(dir=place):
            free = shutil.disk_usage(place).free
    except OSError as error:
        return Finding(
            "local folder", "fail", f"{place} cannot be written ({error.strerror})", todo
        )
    room = f"{local} can be written, {free // _MEBIBYTE:,} MiB free"
    if free < SPACE_FAIL:
        return Finding("local folder", "fail", room, f"free some space there, or {todo}")
    if free < SPACE_WARN:
        return Finding("local folder", "warn", room, f"free some space there soon, or {todo}")
    return Finding("local folder", "ok", room)


def check_lease_key(local: Path, secret: str) -> Finding:
    """Check that the lease keys can be read; ``secret`` is FACTORY_LEASE_SECRET. Raises OperatorError."""
    if secret:
        return Finding("lease key", "ok", f"FACTORY_LEASE_SECRET: {_ids(secret)}")
    file = key_file(local)
    try:
        text = read_key_file(file)
    except FileNotFoundError:
        return Finding("lease key", "ok", f"{file} is made when the first worker starts")
    except OSError as error:
        todo = f"make it readable for the user that runs the workers: {file}"
        return Finding("lease key", "fail", f"{file} cannot be read ({error.strerror})", todo)
    return Finding("lease key", "ok", f"{file}: {_ids(text)}")


def _ids(text: str) -> str:
    newest, *older = parsed_keys(text).checks
    return f"{newest} signs" + (f", {' '.join(older)} before" if older else "")
