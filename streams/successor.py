"""A successor: a worker that is ready before its predecessor ends, so that a planned restart hardly pauses anything.

It looks at what speaks against a start, reads the changelog of the predecessor's partitions up to its end and goes on
reading. Once it has caught up it says so on the pipe that its supervisor gave it; the supervisor then tells the
predecessor to end. When that lets its name go (identity.py) the successor joins as the same static member: what is
left is one join, one ``init_transactions`` and the rest of the changelog. Nothing that was read ahead counts before
the restore has read the rest, so every guard of a restart holds here too.
"""

import fcntl
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from streams.identity import GroupMembers, lock_path
from streams.settings import Settings

READY: Final = b"r"
"""What a successor says once it has caught up."""
_PACE_S: Final = 0.01
"""Time between two looks at the predecessor; a look reads what it has written since."""


class Follower(Protocol):
    """Reads ahead what partitions hold."""

    def follow(self, numbers: list[int]) -> None:
        """Read what is there by now."""


class Successor:
    """Follows the predecessor of this name until it ends. ``beat`` is called whenever progress was made."""

    def __init__(
        self,
        settings: Settings,
        follower: Follower,
        beat: Callable[[], None],
        ending: threading.Event,
    ) -> None:
        self._follower = follower
        self._beat = beat
        self._ending = ending
        self._ready_fd = settings.ready_fd
        self._lock = lock_path(settings.local, settings.worker_name)
        self._members = GroupMembers(settings)

    def wait(self) -> None:
        """Return once the predecessor has let its name go, or this process is to end."""
        numbers = self._partitions()
        while not self._ending.is_set():
            self._follower.follow(numbers)
            self._beat()
            self._say_ready()
            if not is_held(self._lock):
                return
            self._ending.wait(_PACE_S)

    def _partitions(self) -> list[int]:
        """Give the partitions that the group has given to the predecessor; a static member keeps them.

        Should a rebalance change that, what is gained beside them is restored as in any other start.
        """
        member = self._members.of_this_name()
        places = member.assignment.topic_partitions if member is not None else []
        return sorted({place.partition for place in places})

    def _say_ready(self) -> None:
        if self._ready_fd:
            os.write(self._ready_fd, READY)
            os.close(self._ready_fd)
            self._ready_fd = 0


def is_held(path: Path) -> bool:
    """Tell whether a process holds the name; it lets go when it has ended its last cycle, however it ends."""
    try:
        with path.open("r", encoding="utf-8") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
