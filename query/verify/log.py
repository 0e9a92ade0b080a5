"""The log as a stranger reads it: decoded records of one partition, in their order, never changed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeVar

from msgspec import Struct

from query.record import Position
from schemas.messages.envelope import Envelope
from schemas.messages.runtime.messages import DeadLetter

Cause = tuple[str, int, int]
"""(topic, partition, offset) of an input record."""
Letter = tuple[Position, DeadLetter]
"""Where a dead letter lies, and the letter."""
Payload = TypeVar("Payload", bound=Struct)


class Entry(NamedTuple):
    """One record: where it lies, its key, its envelope and payload, and its own bytes (for the chain)."""

    position: Position
    key: bytes | None
    envelope: Envelope
    payload: Struct | None
    value: bytes

    @property
    def sequence(self) -> int:
        """Place in the tenant's order; 0 for a record without one."""
        return self.envelope.sequence or 0

    @property
    def cause(self) -> Cause | None:
        """Where the input record lies that caused this one."""
        envelope = self.envelope
        if (
            envelope.cause_topic is None
            or envelope.cause_partition is None
            or envelope.cause_offset is None
        ):
            return None
        return envelope.cause_topic, envelope.cause_partition, envelope.cause_offset


class Finding(NamedTuple):
    """Something that does not hold, where, and for whom."""

    code: str
    position: str
    """TOPIC:P:N of the record concerned; for a missing one, of the record that shows it."""
    tenant_id: str
    sentence: str


class Unreadable(NamedTuple):
    """A record that does not decode with the released schemas."""

    position: Position
    rule: str


@dataclass(frozen=True)
class Log:
    """All records of one partition."""

    partition: int
    facts: tuple[Entry, ...] = ()
    """Facts and refusals, topic by topic, each in its offsets' order."""
    commands: tuple[Entry, ...] = ()
    """Records of the input topics that people and neighbours write, in each topic's order."""
    repeats: tuple[Entry, ...] = ()
    letters: tuple[Letter, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    unreadable_inputs: tuple[Position, ...] = ()
    """Input records that do not decode: each is owed a dead letter."""
    decided: Mapping[str, int] = field(default_factory=dict)
    """Input topic -> offset that the workers have decided up to; what lies behind is not judged."""
    first_offsets: Mapping[str, int] = field(default_factory=dict)
    """Input topic that is judged -> oldest offset that it still has; causes before it are gone."""

    @cached_property
    def by_tenant(self) -> dict[str, list[Entry]]:
        """Tenant -> its facts and refusals in the order of their sequence."""
        tenants: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.facts:
            tenants[entry.envelope.tenant_id].append(entry)
        for entries in tenants.values():
            entries.sort(key=lambda entry: entry.sequence)
        return dict(tenants)

    @cached_property
    def by_cause(self) -> dict[Cause, list[Entry]]:
        """Position of the cause -> its facts and refusal, ordered by sequence."""
        causes: dict[Cause, list[Entry]] = defaultdict(list)
        for entries in self.by_tenant.values():
            for entry in entries:
                if entry.cause is not None:
                    causes[entry.cause].append(entry)
        return dict(causes)

    @cached_property
    def dead_sources(self) -> dict[Cause, list[Position]]:
        """Position of a record that became a dead letter -> where the letters lie; projectors' own are left out."""
        sources: dict[Cause, list[Position]] = defaultdict(list)
        for position, letter in self.letters:
            if letter.stage != "project":
                source = letter.source_topic, letter.source_partition, letter.source_offset
                sources[source].append(position)
        return dict(sources)

    @cached_property
    def repeat_causes(self) -> dict[Cause, list[Entry]]:
        """Position of a repeated command -> the records that say so."""
        causes: dict[Cause, list[Entry]] = defaultdict(list)
        for entry in self.repeats:
            if entry.cause is not None:
                causes[entry.cause].append(entry)
        return dict(causes)


def of_type(entries: Iterable[Entry], kind: type[Payload]) -> Iterable[tuple[Entry, Payload]]:
    """Give the entries whose payload is of a type, with it."""
    for entry in entries:
        if isinstance(entry.payload, kind):
            yield entry, entry.payload


def found(code: str, entry: Entry, sentence: str) -> Finding:
    """Give a finding at a record."""
    return Finding(code, str(entry.position), entry.envelope.tenant_id, sentence)
