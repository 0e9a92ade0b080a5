"""Status pages of this package's processes: on loopback, on a port of their own."""

import socket


def free_port() -> int:
    """Give a port of loopback that nobody uses now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Tell whether nobody listens on that port of loopback; 0 is always free."""
    with socket.socket() as listener:
        # As servers do, so that connections which were just closed do not count.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
