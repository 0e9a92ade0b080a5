"""State that a restore leaves encoded: a record is decoded when it is first asked for (ADR 11).

Decoding is most of a restore, and most records of a large state are not asked for again before they are forgotten.
What must be known at once is looked at here: that this release has the schema of every record. Their bytes are
covered by the broker's checksums.
"""

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from schemas.avro_number import number_at
from schemas.catalogue import catalogue
from schemas.codec import decode_state, entry_of
from schemas.errors import MalformedRecordError, PayloadInvalidError, PoisonError
from schemas.messages.envelope import StateEntry
from schemas.messages.runtime.state import CommandMemory
from streams.state_key import parse_state_key
from streams.wiring import Entry, Key

_FRAME_BYTES: Final = 5
_LOOKED_AT: Final = 9
"""Bytes that hold the frame, the aggregate's version and the id of the record's schema of nearly every value."""
_BEAT_EVERY: Final = 10_000
_AT_ONCE: Final = frozenset({CommandMemory.__name__})
"""Kinds that are decoded at once: no command is decided before all that were are known."""

OnUnreadable = Callable[[bytes, PoisonError | PayloadInvalidError], BaseException]
"""Gives the error to raise for the key of a record and what is wrong with its value."""


class UnreadableStateError(BaseException):
    """A state record cannot be decoded: no decision may take that for a defect of its own, the process ends."""


class LateEntry(Entry):
    """A state record as the changelog has it; from the first look on it is an entry like any other."""

    __slots__ = ("_encoded",)

    def __init__(self, encoded: bytes) -> None:
        self._encoded: bytes | None = encoded

    def __getattr__(self, name: str) -> object:
        # Python asks here only while the slot of that name is empty.
        if name not in Entry.__slots__ or self._encoded is None:
            raise AttributeError(name)
        self.value, self.version = _decoded(self._encoded)
        self._encoded = None
        return getattr(self, name)

    def look(self) -> Struct:
        """Give the record, and leave it encoded if it is."""
        return self.value if self._encoded is None else _decoded(self._encoded)[0]


def _decoded(encoded: bytes) -> tuple[Struct, int]:
    try:
        return decode_state(encoded)
    except (PoisonError, PayloadInvalidError) as error:
        raise UnreadableStateError(str(error)) from error


def late_entries(
    newest: dict[bytes, bytes | None], on_unreadable: OnUnreadable, beat: Callable[[], None]
) -> Iterator[tuple[Key, Entry | None]]:
    """Give the changes that a changelog's newest values make, ordered by key, and empty it: that bounds the memory.

    A new store takes them in the order that ``Store.sort`` would give. What a cycle needs at once is decoded.
    Raises what ``on_unreadable`` gives for a record under a schema that this release does not have.
    """
    check = _Frames().check
    for number, raw in enumerate(sorted(newest)):
        encoded = newest.pop(raw)
        key = parse_state_key(raw)
        if encoded is None:
            yield key, None
            continue
        try:
            check(encoded)
            entry = _entry(encoded) if key.kind in _AT_ONCE else LateEntry(encoded)
        except (PoisonError, PayloadInvalidError) as error:
            raise on_unreadable(raw, error) from error
        yield key, entry
        if number % _BEAT_EVERY == 0:
            beat()


def _entry(encoded: bytes) -> Entry:
    return Entry(*decode_state(encoded))


class _Frames:
    """Looks at the two schema ids of a changelog value without decoding the rest."""

    def __init__(self) -> None:
        self._frame = b"\0" + catalogue().by_type[StateEntry].id.to_bytes(4, "big")
        self._known: set[bytes] = set()
        """Beginnings of values that were looked at; they hold both ids."""

    def check(self, encoded: bytes) -> None:
        """Return if this release has both schemas. Raises MalformedRecordError, UnknownSchemaError."""
        begin = encoded[:_LOOKED_AT]
        if begin in self._known:
            return
        if not encoded.startswith(self._frame):
            raise MalformedRecordError("no frame of a state record")
        try:
            _, at = number_at(encoded, _FRAME_BYTES)  # the aggregate's version
            schema_id, at = number_at(encoded, at)
        except IndexError as error:
            raise MalformedRecordError("the state record ends too early") from error
        entry_of(schema_id)
        if at <= _LOOKED_AT:
            self._known.add(begin)
