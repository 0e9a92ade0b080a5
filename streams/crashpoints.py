"""Named places of a cycle where a test can end the process exactly: ``FACTORY_CRASH_AT=<point>:<n>[:signal]``."""

import signal
import sys
import threading
from typing import Final

from schemas.output import OperatorError

POINTS: Final = (
    "assigned",
    "restored",
    "polled",
    "decided",
    "begun",
    "produced",
    "offsets",
    "committed",
    "exposed",
    "fired",
)
"""Places in the order in which a cycle passes them; ``fired`` is after a timer was put on its topic."""


class CrashPoints:
    """Counts the passes of one place and sends this process a signal at the n-th."""

    def __init__(self, setting: str) -> None:
        self._point, self._left, self._signal = "", 0, int(signal.SIGKILL)
        if setting:
            point, _, rest = setting.partition(":")
            count, _, number = rest.partition(":")
            if point not in POINTS or not count.isdigit() or (number and not number.isdigit()):
                raise OperatorError(
                    f"FACTORY_CRASH_AT must be point:count[:signal], point one of {', '.join(POINTS)}."
                )
            self._point, self._left = point, int(count)
            self._signal = int(number) if number else self._signal

    def waits_at(self, point: str) -> bool:
        """Tell whether the next pass of the place ends the process."""
        return point == self._point and self._left == 1

    def at(self, point: str) -> None:
        """Pass a place."""
        if point == self._point and self._left > 0:
            self._left -= 1
            if self._left == 0:
                sys.stderr.write(f"crash point {point}\n")
                sys.stderr.flush()
                # To this very thread: a stop sent to the process takes effect when its main thread next runs, and
                # until then this one would go on beyond the place.
                signal.pthread_kill(threading.get_ident(), self._signal)
