"""Memory of decided command ids: the same command sent twice is decided once (settled.md 3).

Ids are UUIDv7. Those of the horizon are remembered with the digest of their content; older ids are refused, so
that forgetting is safe. State holds one ``CommandMemory`` record per tenant and cycle, named by the tenant's next
sequence and its first command's position, and forgotten whole. Age is counted in append time, up to the partition's
newest decision: a record that waited in its topic while others were decided is judged by what they let be forgotten.
"""

from collections import deque
from typing import Final, NamedTuple

from msgspec import Struct

from schemas.ids import TenantId
from schemas.messages.runtime.state import CommandMemory, RememberedCommand, TenantHead
from streams.wiring import Cause, Entry, Key, Overlay, Rejection, Store

KIND: Final = CommandMemory.__name__
"""State kind of the memory's records."""
AHEAD_US: Final = 5 * 60 * 1_000_000
"""How far a sender's clock may be ahead, microseconds: an id from further ahead would outlive its memory."""
FORGET_MAX: Final = 256
"""Most records forgotten in one cycle, so that the first cycle after a quiet day stays short."""


class Repeated(NamedTuple):
    """The same command came again; ``sequence`` is that of its first outcome, 0 if that was silent."""

    sequence: int


def issued_at(command_id: str) -> int | None:
    """Give the instant inside a ``cmd-<UUIDv7>``, microseconds UTC, or None for another version of UUID."""
    if command_id[18] != "7":
        return None
    return int(command_id[4:12] + command_id[13:17], 16) * 1000


class Memory:
    """What one partition remembers of committed cycles; ``horizon_us`` is how long an id is remembered."""

    def __init__(self, horizon_us: int, store: Store) -> None:
        self.horizon_us = horizon_us
        self._store = store
        self._known: dict[TenantId, dict[str, RememberedCommand]] = {}
        self._oldest: deque[Key] = deque()
        self.newest_at = 0
        """Time of the partition's newest committed decision, as the heads of its tenants say."""
        for key, entry in store.entries.items():
            if key.kind == TenantHead.__name__:
                self.note_head(entry.value)
        kept = [key for key in store.entries if key.kind == KIND]
        for key in sorted(kept, key=lambda key: (self.record(key).decided_at, key)):
            self._learn(key, self.record(key))

    def note_head(self, head: Struct) -> None:
        """Note the committed head of a tenant."""
        if isinstance(head, TenantHead):
            self.newest_at = max(self.newest_at, head.decided_at)

    def find(self, tenant_id: TenantId, command_id: str) -> RememberedCommand | None:
        """Give what is remembered of the id."""
        known = self._known.get(tenant_id)
        return known.get(command_id) if known is not None else None

    def record(self, key: Key) -> CommandMemory:
        """Give a committed record of the memory."""
        value = self._store.entries[key].value
        if not isinstance(value, CommandMemory):
            raise AssertionError(f"{key} is no record of the memory")  # noqa: TRY004 - a defect, not a type
        return value

    def outlived(self, now: int) -> list[Key]:
        """Give records whose ids are all refused by their age by now, oldest first, at most FORGET_MAX."""
        bound = now - self.horizon_us - AHEAD_US
        found: list[Key] = []
        for key in self._oldest:
            if len(found) == FORGET_MAX or self.record(key).decided_at >= bound:
                break
            found.append(key)
        return found

    def expose(self, forgotten: list[Key], written: dict[Key, CommandMemory]) -> None:
        """Take over a committed cycle. Call it before the store takes the cycle's changes."""
        for key in forgotten:
            self._oldest.popleft()
            known = self._known[key.tenant_id]
            for command in self.record(key).commands:
                del known[command.command_id]
        for key, record in written.items():
            self._learn(key, record)

    def _learn(self, key: Key, record: CommandMemory) -> None:
        known = self._known.setdefault(key.tenant_id, {})
        known.update((command.command_id, command) for command in record.commands)
        self._oldest.append(key)


class CycleMemory:
    """What a cycle adds to a partition's memory; nobody else sees it before the cycle has committed."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._new: dict[TenantId, dict[str, RememberedCommand]] = {}
        self._names: dict[TenantId, tuple[str, int]] = {}
        self.forgotten: list[Key] = []
        self.written: dict[Key, CommandMemory] = {}

    def judge(
        self, tenant_id: TenantId, command_id: str, digest: bytes, appended_at: int
    ) -> Repeated | Rejection | None:
        """Tell whether the command is a repeat, must be refused for its id, or None: it is to be decided.

        Its age counts first, so that what happens to be remembered still, which a restart changes, changes no answer.
        """
        refusal = self._by_age(command_id, appended_at)
        if refusal is not None:
            return refusal
        known = self._new.get(tenant_id, {}).get(command_id)
        known = known or self._memory.find(tenant_id, command_id)
        if known is not None:
            if known.content_digest == digest:
                return Repeated(known.sequence)
            return Rejection(
                "DUPLICATE",
                "an id names one command; this one was used for other content",
                field="eventId",
                got=command_id,
            )
        return None

    def _by_age(self, command_id: str, appended_at: int) -> Rejection | None:
        issued = issued_at(command_id)
        if issued is None:
            return Rejection(
                "INVALID_ARGUMENT", "a command id is a UUID of version 7", field="eventId"
            )
        if issued > appended_at + AHEAD_US:
            return Rejection(
                "INVALID_ARGUMENT",
                "the id's time is more than five minutes ahead of the broker's",
                field="eventId",
            )
        # Not the record's own time alone: others, of a topic that is further, may have had the id forgotten already.
        if issued < max(appended_at, self._memory.newest_at) - self._memory.horizon_us:
            hours = self._memory.horizon_us // 3_600_000_000
            return Rejection(
                "EXPIRED",
                "the id is too old to know whether it was decided; send a new one with retryOf",
                field="eventId",
                expected=f"an id of the last {hours} h",
            )
        return None

    def remember(self, cause: Cause, sequence: int, next_sequence: int) -> None:
        """Note a decided command: ``sequence`` of its outcome or 0, the tenant's ``next_sequence`` before it."""
        tenant_id = cause.tenant_id
        self._new.setdefault(tenant_id, {})[cause.message_id] = RememberedCommand(
            command_id=cause.message_id, content_digest=cause.digest, sequence=sequence
        )
        # A position is decided once, so no two cycles use one name; its order is that of the sequence.
        first = f"{next_sequence:020d}-{cause.topic}-{cause.offset}"
        name, newest = self._names.get(tenant_id, (first, 0))
        self._names[tenant_id] = (name, max(newest, cause.at))

    def write(self, overlay: Overlay, now: int) -> None:
        """Put the cycle's records into the overlay and delete those that ``now`` has outlived.

        Nothing is forgotten past the newest committed decision: after a restart, that is what ids are judged by.
        """
        self.forgotten = self._memory.outlived(min(now, self._memory.newest_at))
        for key in self.forgotten:
            overlay.set(key, None)
        for tenant_id, commands in self._new.items():
            name, newest = self._names[tenant_id]
            key = Key(tenant_id, KIND, name)
            record = CommandMemory(decided_at=newest, commands=tuple(commands.values()))
            overlay.set(key, Entry(record, 0))
            self.written[key] = record

    def expose(self) -> None:
        """Merge into the partition's memory: the cycle has committed."""
        self._memory.expose(self.forgotten, self.written)
