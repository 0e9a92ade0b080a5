"""A unit of work: what deciding one partition's records is done with, and what it yields."""

from dataclasses import dataclass
from typing import Protocol

from schemas.ids import PrincipalId
from streams.ahead import Ahead
from streams.layout import Layout
from streams.memory import CycleMemory
from streams.records import InputRecord, OutputRecord
from streams.wiring import Entry, Key, LeaseKeys, Rules


class InHand(Protocol):
    """Remembers across a crash which record was being decided."""

    def attempts(self, record: InputRecord) -> int:
        """Give how often the process has ended in the middle of that record."""

    def take(self, record: InputRecord) -> None:
        """Note the record that is about to be decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """What every decision of a worker is made with."""

    rules: Rules
    layout: Layout
    keys: LeaseKeys
    genesis: PrincipalId | None
    in_hand: InHand
    lease_key: str = ""
    """Which lease key signs, as ``HmacLeaseKeys.newest`` says it; noted with the positions for later starts."""


@dataclass(slots=True)
class Work:
    """One partition's share of a cycle: what its transaction writes and what is exposed once it has committed."""

    partition: int
    outputs: list[OutputRecord]
    changes: dict[Key, Entry | None]
    positions: dict[str, int]
    ahead: Ahead
    has_moved: bool
    """Whether its positions are others than before: work without a record may be no more than that."""
    memory: CycleMemory
    rearmed: list[tuple[int, Key, int]]
    """(deadline, key, microseconds by which its timer was early)"""
    records: int
    dead: int
    outcomes: dict[tuple[str, str], int]
    """(tenant, code of the refusal or empty) -> how many commands ended so"""
