"""Breadcrumb: which record was in hand when the process died, so that one that kills it is found (settled.md 26).

A small file mapped into memory, written before a record is decoded and cleared when its cycle is decided: what the
process wrote survives its end, however it ended. Clients report their errors only while polling or committing, when
nothing is in hand, so only an end in the middle of a record counts: a crash, a hang, a failed assertion. The record
named is tried alone; after ATTEMPTS_MAX such ends it is set aside undecoded.
"""

import mmap
import os
import struct
from pathlib import Path
from typing import Final, NamedTuple

from schemas.output import OperatorError
from streams.records import InputRecord

ATTEMPTS_MAX: Final = 3
"""Ends in the middle of one record after which it becomes a dead letter."""

REFUSED: Final = "cannot be written"

_FORM: Final = struct.Struct(">BHqH200s")
_SIZE: Final = 4096


class Suspect(NamedTuple):
    """A record that was in hand when the process ended, and how often that happened."""

    topic: str
    partition: int
    offset: int
    attempts: int


class Breadcrumb:
    """The record in hand of one worker."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a+b") as file:
                # Room is taken now: a mapped page that the disk has no room for would end the process at its first use.
                os.posix_fallocate(file.fileno(), 0, _SIZE)
                self._map = mmap.mmap(file.fileno(), _SIZE)
        except OSError as error:
            raise OperatorError(
                f"{path} {REFUSED} ({error.strerror}): free some space there, or set FACTORY_LOCAL to another folder."
            ) from error
        self.suspect = self._read()
        """What the former process left; None if it ended between two records."""

    def _read(self) -> Suspect | None:
        is_set, partition, offset, attempts, topic = _FORM.unpack_from(self._map)
        if not is_set:
            return None
        return Suspect(topic.rstrip(b"\0").decode(), partition, offset, attempts)

    def is_suspect(self, record: InputRecord) -> bool:
        """Tell whether the process has ended with that record in hand."""
        suspect = self.suspect
        return suspect is not None and suspect[:3] == record[:3]

    def attempts(self, record: InputRecord) -> int:
        """Give how often the process has ended with that record in hand."""
        suspect = self.suspect
        return suspect.attempts if suspect is not None and suspect[:3] == record[:3] else 0

    def take(self, record: InputRecord) -> None:
        """Note the record that is about to be decoded."""
        attempts = self.attempts(record) + 1
        topic = record.topic.encode()
        _FORM.pack_into(self._map, 0, 1, record.partition, record.offset, attempts, topic)

    def clear(self) -> None:
        """Note that no record is in hand."""
        self._map[0] = 0
