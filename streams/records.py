"""The records that pass through a cycle: what comes in, what goes out. Plain tuples, they are many."""

from typing import NamedTuple

Headers = list[tuple[str, str | bytes | None]]
"""Record headers in their order, as the client's types say; values read from a log are bytes or None."""


class InputRecord(NamedTuple):
    """One record of an input topic as the broker holds it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    appended_at: int
    """The broker's append time, microseconds UTC."""


class OutputRecord(NamedTuple):
    """One record to produce in the transaction of its cause; ``partition`` -1 places it by its key."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers | None
