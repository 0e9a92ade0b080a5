"""What the logs say, decoded once: facts, refusals, repeats, dead letters, messages and the inputs that caused them."""

from collections import defaultdict
from functools import cached_property
from typing import Final, NamedTuple

from msgspec import Struct

from schemas.codec import decode_envelope, decode_framed, decode_payload
from schemas.errors import PoisonError
from schemas.messages.envelope import Envelope
from schemas.messages.runtime.facts import CommandRejected
from schemas.messages.runtime.messages import DeadLetter
from streams.layout import INTERNAL, OUTBOUND
from streams.records import InputRecord
from streams.replay import Replay
from streams.wiring import Rules
from tests.simulation.log import Log
from topics import naming

Cause = tuple[str, int, int]
"""(topic, partition, offset) of an input record."""

ID_REFUSALS: Final = frozenset({"DUPLICATE", "EXPIRED"})
"""Codes that refuse an id and not what was asked for: such an answer decides nothing."""


class Seen(NamedTuple):
    """A record that the worker wrote."""

    record: InputRecord
    envelope: Envelope

    @property
    def cause(self) -> Cause:
        """Give where its cause lies."""
        envelope = self.envelope
        return envelope.cause_topic or "", envelope.cause_partition or 0, envelope.cause_offset or 0

    @property
    def payload(self) -> Struct:
        """Give what it says."""
        return decode_payload(self.envelope.payload_schema_id, self.envelope.payload)

    @property
    def place(self) -> str:
        """Say where it lies."""
        return f"{self.envelope.event_type} at {self.record.topic}:{self.record.partition}:{self.record.offset}"


class Evidence:
    """The logs of one history. ``numbers``: partitions that had a worker."""

    def __init__(self, log: Log, rules: Rules, numbers: list[int]) -> None:
        self.log = log
        self.rules = rules
        self.numbers = numbers

    @cached_property
    def sequenced(self) -> dict[str, list[Seen]]:
        """Tenant -> its facts and refusals in the order of their sequence."""
        tenants: dict[str, list[Seen]] = defaultdict(list)
        for seen in self._written(self.log.layout.facts):
            if seen.envelope.sequence is not None:
                tenants[seen.envelope.tenant_id].append(seen)
        for each in tenants.values():
            each.sort(key=lambda seen: seen.envelope.sequence or 0)
        return dict(tenants)

    @cached_property
    def repeats(self) -> list[Seen]:
        """Answers to commands that came again."""
        seen = self._written((naming.REJECTIONS,))
        return [each for each in seen if each.envelope.sequence is None]

    @cached_property
    def messages(self) -> list[Seen]:
        """Give what was sent out."""
        return self._written(tuple(OUTBOUND.values()))

    def _written(self, topics: tuple[str, ...]) -> list[Seen]:
        return [
            Seen(record, decode_envelope(record.value))
            for topic in topics
            for record in self.log.everything(topic)
        ]

    @cached_property
    def letters(self) -> dict[Cause, list[DeadLetter]]:
        """Input record -> its dead letters."""
        found: dict[Cause, list[DeadLetter]] = defaultdict(list)
        for record in self.log.everything(naming.DEAD_LETTERS):
            letter = decode_framed(record.value or b"")
            assert isinstance(letter, DeadLetter)
            found[letter.source_topic, letter.source_partition, letter.source_offset].append(letter)
        return dict(found)

    @cached_property
    def outcomes(self) -> dict[Cause, list[Seen]]:
        """Input record -> its facts and refusal."""
        found: dict[Cause, list[Seen]] = defaultdict(list)
        for seen in (each for tenant in self.sequenced.values() for each in tenant):
            found[seen.cause].append(seen)
        return dict(found)

    @cached_property
    def inputs(self) -> dict[Cause, tuple[InputRecord, Envelope | None]]:
        """Input record -> itself with its envelope, None where it cannot be read. Without the catalogue's copies."""
        found: dict[Cause, tuple[InputRecord, Envelope | None]] = {}
        for topic in self.log.layout.inputs:
            for record in self.log.everything(topic) if topic != naming.CATALOGUE else ():
                found[record[:3]] = record, _envelope(record)
        return found

    @cached_property
    def commands(self) -> dict[Cause, Envelope | None]:
        """Input record that somebody sent -> its envelope."""
        return {c: envelope for c, (_, envelope) in self.inputs.items() if c[0] not in INTERNAL}

    def refuses_the_id(self, cause: Cause) -> bool:
        """Tell whether an input's outcome refuses its id alone."""
        outcome = self.outcomes.get(cause, [])
        last = outcome[-1].payload if outcome else None
        if not isinstance(last, CommandRejected):
            return False
        return last.code in ID_REFUSALS or (
            last.code == "INVALID_ARGUMENT" and last.field == "eventId"
        )

    def replayed(self, tenant_id: str) -> Replay:
        """Give the replay of a tenant's facts."""
        replay = Replay(self.rules, copies_of_system=False)
        for seen in self.sequenced.get(tenant_id, ()):
            replay.take(seen.envelope, seen.record.value or b"")
        return replay


def _envelope(record: InputRecord) -> Envelope | None:
    try:
        return decode_envelope(record.value)
    except PoisonError:
        return None
