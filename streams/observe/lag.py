"""How far decisions are behind their input topics: positions against the ends that the broker says, when asked."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Final

from confluent_kafka import KafkaException

from streams.clients import LogEnds
from streams.figures import Board
from streams.layout import Layout
from streams.settings import Settings

log = logging.getLogger(__name__)

WAIT_S: Final = 2.0
"""How long a page waits for the broker."""
KEPT_S: Final = 5.0
"""How long an answer is shown again, so that many readers cost the broker no more than one."""


class InputLag:
    """The lag of one worker; any thread may ask."""

    def __init__(self, settings: Settings, layout: Layout, board: Board) -> None:
        self._settings = settings
        self._layout = layout
        self._board = board
        self._lock = threading.Lock()
        self._ends: LogEnds | None = None
        self._asked_at = -KEPT_S
        self._answer: dict[str, int] | None = None

    def __call__(self) -> Mapping[str, int] | None:
        """Give input topic -> records not decided yet on the partitions held; None if the broker is silent."""
        with self._lock:
            if time.monotonic() - self._asked_at >= KEPT_S:
                self._answer = self._ask()
                self._asked_at = time.monotonic()
            return self._answer

    def _ask(self) -> dict[str, int] | None:
        positions = self._board.figures().positions
        if self._ends is None:
            self._ends = LogEnds(self._settings)
        places = {
            (self._layout.physical(topic), number): (topic, offset)
            for number, offsets in positions.items()
            for topic, offset in offsets.items()
        }
        try:
            ends = self._ends.ask_end(places).result(WAIT_S)
        except (KafkaException, TimeoutError):
            self._ends.renew()
            return None
        lag: Counter[str] = Counter(dict.fromkeys(self._layout.inputs, 0))
        for place, (topic, offset) in places.items():
            lag[topic] += max(0, ends[place] - offset)
        return dict(lag)
