"""The proxy of the fault runs breaks a link as it says: shown on an echo over loopback."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.fault.brokers import free_ports
from tests.fault.proxy import DELAY_SECONDS, LOOPBACK, Link, Proxy


class Echo:
    """A server that sends back what it gets."""

    def __init__(self) -> None:
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port = int(self._listener.getsockname()[1])
        self.heard = b""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while data := connection.recv(65_536):
                self.heard += data
                connection.sendall(data)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    [port] = free_ports(1)
    between = Proxy(port, echo.port)
    between.start()
    yield between
    between.stop()


def connected(proxy: Proxy) -> socket.socket:
    client = socket.create_connection((LOOPBACK, proxy._port), timeout=5)
    client.sendall(b"hello")
    assert client.recv(5) == b"hello"
    return client


def test_a_whole_link_passes_everything(proxy: Proxy) -> None:
    with connected(proxy):
        assert proxy.forwarded == 10


@pytest.mark.parametrize("link", [Link.CUT, Link.RESET])
def test_connections_end_and_only_a_cut_refuses_new_ones(proxy: Proxy, link: Link) -> None:
    with connected(proxy) as client:
        proxy.become(link)
        if link is Link.RESET:
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        else:
            assert client.recv(1) == b""
    if link is Link.RESET:
        connected(proxy).close()
        return
    with socket.create_connection((LOOPBACK, proxy._port), timeout=5) as other:
        assert other.recv(1) == b""
    proxy.become(Link.WHOLE)
    connected(proxy).close()


def test_a_half_open_link_swallows_answers_alone_and_its_connections_end(
    proxy: Proxy, echo: Echo
) -> None:
    with connected(proxy) as client:
        proxy.become(Link.HALF_OPEN)
        client.sendall(b"lost")
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(4)
        assert echo.heard == b"hellolost"
        proxy.become(Link.WHOLE)
        client.settimeout(5)
        assert client.recv(4) == b""


def test_a_stalled_link_moves_on_afterwards(proxy: Proxy) -> None:
    with connected(proxy) as client:
        proxy.become(Link.STALLED)
        client.sendall(b"later")
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(5)
        proxy.become(Link.WHOLE)
        client.settimeout(5)
        assert client.recv(5) == b"later"


@pytest.mark.parametrize(("link", "size"), [(Link.DELAYED, 1), (Link.SLOW, 16_000)])
def test_a_slow_link_takes_its_time(proxy: Proxy, link: Link, size: int) -> None:
    with connected(proxy) as client:
        proxy.become(link)
        begun = time.monotonic()
        client.sendall(b"x" * size)
        got = 0
        while got < size:
            got += len(client.recv(size))
        assert time.monotonic() - begun > 1.5 * DELAY_SECONDS


def test_a_delay_takes_nothing_from_the_width(proxy: Proxy) -> None:
    with connected(proxy) as client:
        proxy.become(Link.DELAYED)
        begun, size, got = time.monotonic(), 400_000, 0
        sender = threading.Thread(target=client.sendall, args=(b"x" * size,))
        sender.start()
        while got < size:
            got += len(client.recv(size))
        sender.join()
        assert 1.5 * DELAY_SECONDS < time.monotonic() - begun < 10 * DELAY_SECONDS
