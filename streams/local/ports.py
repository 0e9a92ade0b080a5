"""Two free ports on the loopback address, kept from one start to the next where possible."""

import json
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
RELEASE_WAIT_S = 2.0
"""How long the kernel may take to free the ports of a broker that was just killed."""
POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the broker listens for clients and for its own controller."""

    client: int
    controller: int


def choose_ports(file: Path) -> Ports:
    """Give the recorded ports if both are free, else two others, and record them in `file`.

    Keeping them lets clients of a broker that was killed find it again, so recorded ports get
    `RELEASE_WAIT_S` to become free. Another program may still take a port before the broker does:
    the broker then ends with a message and the next start chooses anew.
    """
    recorded = recorded_ports(file)
    if recorded is not None and _become_free(recorded):
        return recorded
    with ExitStack() as stack:
        # Both are held at once, or the system could hand out the same one twice.
        client, controller = (_bound(stack, 0) for _ in range(2))
    chosen = Ports(client, controller)
    file.write_text(json.dumps({"client": client, "controller": controller}), encoding="utf-8")
    return chosen


def is_free(port: int) -> bool:
    """Tell whether nobody listens at a port of the loopback address."""
    try:
        with ExitStack() as stack:
            _bound(stack, port)
    except OSError:
        return False
    return True


def recorded_ports(file: Path) -> Ports | None:
    """Give the ports that `choose_ports` recorded in `file`, None if there are none."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        return Ports(int(record["client"]), int(record["controller"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _become_free(ports: Ports) -> bool:
    deadline = time.monotonic() + RELEASE_WAIT_S
    while not _are_free(ports):
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_S)
    return True


def _are_free(ports: Ports) -> bool:
    with ExitStack() as stack:
        try:
            for port in (ports.client, ports.controller):
                _bound(stack, port)
        except (OSError, OverflowError):
            return False
    return True


def _bound(stack: ExitStack, port: int) -> int:
    listener = stack.enter_context(socket.socket())
    # As the broker does it: connections of a former broker in TIME_WAIT do not count as use.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    return int(listener.getsockname()[1])
