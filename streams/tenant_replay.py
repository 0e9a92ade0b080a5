"""Replay of one tenant: its state from its facts alone, and the live state beside it to compare.

The replay reads the fact topics and nothing else; it produces nothing. The live side is ``cp.state.v1`` at the
sequence where it stands (settled.md 24); replay goes to that sequence, so both speak of the same moment.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, cast

from confluent_kafka import Message

from schemas.codec import decode_envelope, decode_state
from schemas.ids import TenantId
from schemas.messages.envelope import Envelope
from schemas.messages.runtime.state import TenantHead
from schemas.output import OperatorError
from streams.clients import LogEnds
from streams.head import HEAD_ID
from streams.layout import Layout
from streams.replay import BrokenChainError, Replay, state_digest
from streams.restore import read_committed
from streams.settings import Settings
from streams.state_key import POSITIONS_KEY, parse_state_key
from streams.wiring import Entry, Key, standard_rules
from topics import naming
from topics.collecting import uncollected
from topics.partition import partition_of

ENDLESS: Final = 2**62


@dataclass(frozen=True, slots=True)
class Position:
    """Where a fact lies, with its envelope."""

    topic: str
    partition: int
    offset: int
    envelope: Envelope


@dataclass(slots=True)
class Replayed:
    """A tenant's state at a sequence, rebuilt from facts."""

    tenant_id: TenantId
    sequence: int
    digest: bytes
    entries: dict[Key, Entry]
    history: list[Position] = field(default_factory=list)


@dataclass(slots=True)
class Live:
    """A tenant's state as the changelog has it."""

    sequence: int
    digest: bytes


class TenantReplay:
    """Reads one tenant's facts and state."""

    def __init__(self, settings: Settings, tenant_id: str) -> None:
        self._settings = settings
        self._layout = Layout()
        self._tenant_id = TenantId(tenant_id)
        self._partition = partition_of(tenant_id, self._layout.partitions)
        self._log_ends = LogEnds(settings)

    def _read(self, topics: tuple[str, ...], take: Callable[[Message], None]) -> None:
        places = [(self._layout.physical(topic), self._partition) for topic in topics]
        starts, ends = self._log_ends.first(places), self._log_ends.end(places)
        read_committed(self._settings, ends, starts, take)

    def run(self, until: int = ENDLESS) -> Replayed:
        """Give the state at sequence ``until``, or at the newest. Raises OperatorError where facts are missing."""
        replay = Replay(standard_rules(), copies_of_system=False)
        history: list[Position] = []
        key = self._tenant_id.encode()

        def take(message: Message) -> None:
            if message.key() != key:
                return
            value = cast("bytes", message.value())
            envelope = decode_envelope(value)
            sequence = envelope.sequence or 0
            if envelope.tenant_id != self._tenant_id or not 0 < sequence <= until:
                return
            replay.take(envelope, value)
            place = (message.topic() or "", message.partition() or 0, message.offset() or 0)
            history.append(Position(*place, envelope))

        try:
            with uncollected():
                self._read(self._layout.facts, take)
                store = replay.finish()
        except BrokenChainError as error:
            raise OperatorError(f"The facts do not follow from one another: {error}.") from error
        if not history:
            raise OperatorError(f"There is no fact of a tenant {self._tenant_id}.")
        history.sort(key=lambda position: position.envelope.sequence or 0)
        own = {k: e for k, e in store.entries.items() if k.tenant_id == self._tenant_id}
        return Replayed(
            self._tenant_id,
            history[-1].envelope.sequence or 0,
            state_digest(own.items(), self._tenant_id),
            own,
            history,
        )

    def live(self) -> Live:
        """Give the live state's sequence and digest, from the changelog."""
        entries: dict[Key, Entry] = {}

        def take(message: Message) -> None:
            raw, value = cast("bytes", message.key()), message.value()
            if raw == POSITIONS_KEY:
                return
            key = parse_state_key(raw)
            if key.tenant_id != self._tenant_id:
                return
            if value is None:
                entries.pop(key, None)
            else:
                entries[key] = Entry(*decode_state(value))

        with uncollected():
            self._read((naming.STATE,), take)
        head = entries.get(Key(self._tenant_id, TenantHead.__name__, HEAD_ID))
        if head is None:
            raise OperatorError(f"The changelog holds no state of a tenant {self._tenant_id}.")
        sequence = cast("TenantHead", head.value).sequence
        return Live(sequence, state_digest(entries.items(), self._tenant_id))
