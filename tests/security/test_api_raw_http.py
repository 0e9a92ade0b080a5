"""Malformed HTTP over a real socket: a 4xx or a closed connection, and the next request is served (B21)."""

import socket
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from tests.unit.query.serving import DEADLINE_S, served
from tests.unit.query.views import World

QUIET_S = 1.0
"""A server that waits for the rest of a request is silent, and that is right."""
GET = b"GET /api/v1/audit HTTP/1.1\r\nHost: a\r\n"
BODIES = {
    "garbage": b"\x00\x01\x02\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9\r\n\r\n",
    "no host": b"GET /api/v1/audit HTTP/1.1\r\n\r\n",
    "two lengths": GET + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunks": GET + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk that lies": GET + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n",
    "a negative length": GET + b"Content-Length: -1\r\n\r\n",
    "a header without a name": GET + b": x\r\n\r\n",
    "a header with a break": GET + b"X: a\r\n b\r\n\r\n",
    "a header with a null": GET + b"X: a\x00b\r\n\r\n",
    "a header of 100 kB": GET + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
    "ten thousand headers": GET + b"X: a\r\n" * 10_000 + b"\r\n",
    "a path of 100 kB": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "a query of 60 kB": b"GET /api/v1/audit?a=" + b"b" * 60_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "two authorizations": GET + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
    "deep JSON": b"POST /api/v1/audit HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"Content-Length: 20000\r\n\r\n" + b"[" * 20_000,
    "ten megabytes": b"POST /api/v1/audit HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n"
    + b"x" * 10_000_000,
}


@pytest.fixture(scope="module")
def port(shown: World) -> Iterator[int]:
    """Serve the app on a socket of this module's own."""
    with served(shown) as number:
        yield number


def exchange(port: int, sent: bytes) -> bytes:
    """Send bytes; give what comes back until the other side closes, or is silent for QUIET_S."""
    received = b""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)) as link:
        with suppress(ConnectionError):
            link.sendall(sent)
        link.settimeout(QUIET_S)
        with suppress(ConnectionError, TimeoutError):
            while part := link.recv(65_536):
                received += part
    return received


@pytest.mark.parametrize("name", BODIES)
def test_odd_requests_are_answered_with_4xx_or_closed(port: int, shown: World, name: str) -> None:
    answer = exchange(port, BODIES[name])
    assert answer == b"" or answer.split(b" ")[1][:1] == b"4", answer[:200]
    good = (
        GET + f"Authorization: Bearer {shown.token('acme')}\r\nConnection: close\r\n\r\n".encode()
    )
    reply = exchange(port, good)
    assert reply.startswith(b"HTTP/1.1 200"), reply[:200]
    assert b"x-content-type-options: nosniff" in reply
    assert b"cache-control: no-store" in reply
