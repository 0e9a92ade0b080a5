"""Status pages of this package's processes: on loopback, on a port of their own."""

import socket


def free_port() -> int:
    """Give a port of loopback that nobody uses now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
