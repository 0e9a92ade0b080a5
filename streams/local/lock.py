"""One starter at a time for each broker folder."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.local.errors import LocalError
from streams.local.progress import Reporter

WAIT_S = 180.0
"""Longest wait for another starter: a first start with a slow download fits."""
POLL_S = 0.05


@contextmanager
def only_starter(directory: Path, progress: Reporter, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the folder's lock; the kernel frees it if the holder dies.

    Raises `LocalError` if the folder cannot be written or another starter holds it for `wait_s`.
    """
    path = directory / "start.lock"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except OSError as error:
        raise LocalError(
            f"The broker's folder {directory} cannot be written ({error.strerror}): "
            "set FACTORY_LOCAL to a folder of yours."
        ) from error
    with file:
        deadline = time.monotonic() + wait_s
        told = False
        while not _try_lock(file.fileno()):
            if time.monotonic() >= deadline:
                raise LocalError(
                    f"Another process has been starting or stopping the broker for {wait_s:.0f} s: "
                    f"end it (it holds {path}) and start again."
                )
            if not told:
                progress.say("Waiting for another process that is starting the same broker")
                told = True
            time.sleep(POLL_S)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
