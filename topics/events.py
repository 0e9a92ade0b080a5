"""A canonical event as a consumer sees it, and what every reader of facts does: drop repeats, check the order."""

from collections import OrderedDict
from typing import Final, NamedTuple

from msgspec import Struct

from schemas.messages.envelope import Envelope
from topics.naming import REJECTIONS

REMEMBERED_EVENTS_MAX: Final = 100_000
"""Event ids a reader remembers to drop a second copy; a copy comes close behind its original or not at all."""


class Event(NamedTuple):
    """A fact or refusal with where it lies. ``payload`` is the typed record of ``schemas.messages``."""

    envelope: Envelope
    payload: Struct
    topic: str
    partition: int
    offset: int
    appended_at: int
    """Microseconds since 1970-01-01 UTC, as the broker says."""

    @property
    def position(self) -> str:
        """TOPIC:P:N, as the command line writes and reads a position."""
        return f"{self.topic}:{self.partition}:{self.offset}"

    @property
    def is_rejection(self) -> bool:
        """Whether the event refuses a command."""
        return self.topic == REJECTIONS


class Gap(NamedTuple):
    """A hole in a tenant's order: ``expected`` did not come before ``found``."""

    tenant_id: str
    expected: int
    found: int
    position: str


class Repeats:
    """Remembers the newest event ids, to drop a second copy."""

    def __init__(self, most: int = REMEMBERED_EVENTS_MAX) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._most = most

    def is_new(self, event_id: str) -> bool:
        """Tell whether the id comes for the first time, and remember it."""
        if event_id in self._seen:
            return False
        self._seen[event_id] = None
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)
        return True


class Contiguity:
    """Watches one counter per key and tells where it has a hole.

    A reader of one context watches ``contextSequence`` by tenant; its first value only begins the watch.
    """

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}

    def check(self, key: str, value: int, position: str) -> Gap | None:
        """Take the next value of a key; give the gap before it, or None."""
        newest = self._newest.get(key)
        self._newest[key] = value
        if newest is None or value == newest + 1:
            return None
        return Gap(key, newest + 1, value, position)
