"""The pure half of a cycle: one partition's records become one unit of work. No I/O, no clock.

Decisions see the state as this cycle's earlier decisions left it; the committed state does not change.
"""

import logging
from collections.abc import Iterable, Mapping

from schemas.codec import MAX_RECORD_BYTES, encode_state, entry_of
from schemas.errors import PoisonError
from schemas.ids import SYSTEM, TenantId
from schemas.messages.runtime.commands import FireTimer
from streams.ahead import beyond, positions_record
from streams.breadcrumb import ATTEMPTS_MAX
from streams.deadletter import PoisonCrashError, ProcessorBugError, Stage, dead_letter
from streams.decode import (
    Asked,
    UnknownTenantError,
    cause_of,
    decode_broadcast,
    decode_command,
    is_catalogue,
)
from streams.envelopes import TooLargeOutcomeError, refusal_of
from streams.head import HEAD_ID, Head, context_of, read_head
from streams.layout import INTERNAL
from streams.memory import CycleMemory, Repeated
from streams.outcome import OutcomeWriter
from streams.partition import Partition
from streams.records import InputRecord, OutputRecord
from streams.replaying import apply_recorded
from streams.state_key import state_key
from streams.wiring import Cause, Decision, Entry, Key, Overlay, Rejection, TenantTables
from streams.work import Rulebook, Work
from topics import naming

log = logging.getLogger(__name__)


class StateTooLargeError(Exception):
    """A state record would be over the size limit and could not be restored."""


def decide_records(
    partition: Partition,
    records: Iterable[InputRecord],
    book: Rulebook,
    reach: Mapping[str, int] | None = None,
) -> Work:
    """Decide one partition's records in the order given.

    ``reach``: the positions of some topics once these are decided, where earlier records are held back; without it
    nothing is.

    A decision that makes a state record too large is found only when the cycle's state is written; then the
    cycle is decided again with a look at each decision, and the one at fault is refused LIMIT_EXCEEDED.
    """
    ordered = list(records)
    try:
        return _run(partition, ordered, book, reach, watchful=False)
    except StateTooLargeError:
        return _run(partition, ordered, book, reach, watchful=True)


def _run(
    partition: Partition,
    records: list[InputRecord],
    book: Rulebook,
    reach: Mapping[str, int] | None,
    *,
    watchful: bool,
) -> Work:
    cycle = PartitionCycle(partition, book, watchful=watchful)
    for record in records:
        cycle.take(record)
    return cycle.finish(reach)


class PartitionCycle:
    """Decides the records of one partition over an overlay of its committed state."""

    def __init__(self, partition: Partition, book: Rulebook, *, watchful: bool) -> None:
        self._book = book
        self._number = partition.number
        self._watchful = watchful
        self._overlay = Overlay(partition.store)
        self._memory = CycleMemory(partition.memory)
        self._writer = OutcomeWriter(book.layout, partition.number)
        self._heads: dict[TenantId, Head] = {}
        self._before = partition.positions
        self._ahead = partition.ahead
        self._positions = dict(partition.positions)
        self._decided: dict[str, list[int]] = {}
        self._complete_from = partition.complete_from
        self._committed = partition.store.entries
        self._rearmed: list[tuple[int, Key, int]] = []
        self._newest = 0
        self._taken = 0
        self._dead = 0
        self._outcomes: dict[tuple[str, str], int] = {}

    def take(self, record: InputRecord) -> None:
        """Decide one record, or set it aside as a dead letter."""
        if record.offset < self._positions[record.topic]:
            return  # guard 10: a record below the position was decided before
        if record.offset in self._ahead.get(record.topic, ()):
            return  # and so was one that was decided ahead of it
        self._positions[record.topic] = record.offset + 1
        self._decided.setdefault(record.topic, []).append(record.offset)
        self._newest = max(self._newest, record.appended_at)
        self._taken += 1
        attempts = self._book.in_hand.attempts(record)
        if attempts >= ATTEMPTS_MAX:
            self._set_aside(record, PoisonCrashError("ended the process each time"), attempts)
            return
        self._book.in_hand.take(record)
        try:
            if is_catalogue(record.topic):
                self._take_broadcast(record)
            else:
                self._take_command(record)
        except PoisonError as error:
            self._set_aside(record, error)

    def _set_aside(self, record: InputRecord, error: PoisonError, attempts: int = 1) -> None:
        self._dead += 1
        # Its code and no more: the rule may quote the record; the dead letter holds it.
        log.error("%s at %s-%d@%d", error.code, record.topic, record.partition, record.offset)
        self._writer.outputs.append(dead_letter(record, error, _stage(error), attempts))

    def _take_broadcast(self, record: InputRecord) -> None:
        envelope, fact = decode_broadcast(record, self._book.layout)
        head = self._head(SYSTEM)
        if envelope.sequence is None or envelope.sequence <= head.sequence or not envelope.hash:
            return  # this partition decided it itself, or a rebuild was already past it
        mark = self._overlay.mark()
        tables = TenantTables(self._overlay, SYSTEM)
        try:
            apply_recorded(self._book.rules, tables, envelope, fact)
        except Exception as error:
            self._overlay.rewind(mark)
            log.exception("an evolver raised")
            raise ProcessorBugError(f"{type(error).__name__} while evolving") from error
        schema = entry_of(envelope.payload_schema_id)
        head.advance(envelope, context_of(schema.context, schema.name), envelope.hash)
        tables.put(HEAD_ID, head.record())

    def _take_command(self, record: InputRecord) -> None:
        asked = decode_command(record, self._book.layout)
        tenant_id = asked.envelope.tenant_id
        kind = entry_of(asked.envelope.payload_schema_id).type
        if not self._book.rules.admits_tenant(
            TenantTables(self._overlay, tenant_id), tenant_id, kind
        ):
            raise UnknownTenantError("no such tenant", "tenantId")
        head = self._head(tenant_id)
        cause = cause_of(record, asked, head.decided_at)
        if record.topic in INTERNAL:
            self._decide(cause, head, asked)
            return
        verdict = self._memory.judge(tenant_id, cause.message_id, asked.digest, record.appended_at)
        if isinstance(verdict, Repeated):
            self._writer.repeated(cause, verdict.sequence)
        elif verdict is not None:
            decision = self._decision(cause, head)
            self._conclude(decision, head, verdict, of_the_id=True)
        else:
            next_sequence = head.sequence + 1
            sequence = self._decide(cause, head, asked)
            self._memory.remember(cause, sequence, next_sequence)

    def _decide(self, cause: Cause, head: Head, asked: Asked) -> int:
        """Decide a command; give the first sequence of its outcome, 0 for a silent one."""
        decision = self._decision(cause, head)
        start = decision.mark()
        before = dict(self._overlay.changes) if self._watchful else {}
        try:
            rejection = self._answer(decision, asked)
        except MemoryError:
            raise
        except Exception as error:
            # A defect costs the record that meets it, not the partition: nothing of the decision stays.
            decision.rewind(start)
            log.exception("a decision raised")
            raise ProcessorBugError(f"{type(error).__name__} while deciding") from error
        try:
            if self._watchful:
                self._check_states(before)
            return self._conclude(decision, head, rejection)
        except (TooLargeOutcomeError, StateTooLargeError) as error:
            decision.rewind(start)
            rejection = Rejection("LIMIT_EXCEEDED", "a record would be too large", got=str(error))
            return self._conclude(decision, head, rejection)

    def _answer(self, decision: Decision, asked: Asked) -> Rejection | None:
        if asked.command is None:
            return asked.refusal
        if isinstance(asked.command, FireTimer):
            self._fire(decision, asked.command)
            return None
        wanted = asked.envelope.catalogue_not_before or 0
        seen = self._head(SYSTEM).sequence
        if wanted > seen:
            return Rejection(
                "NOT_FOUND",
                "the catalogue has not reached the position that was asked for",
                field="catalogueNotBefore",
                expected=str(wanted),
                got=str(seen),
                retryable=True,
            )
        return self._book.rules.decide(decision, asked.command)

    def _fire(self, decision: Decision, timer: FireTimer) -> None:
        early = timer.deadline - decision.cause.at
        if early > 0:
            key = Key(decision.tenant_id, timer.timer_kind, timer.record_id)
            self._rearmed.append((timer.deadline, key, early))
        else:
            self._book.rules.fire(decision, timer.timer_kind, timer.record_id, timer.deadline)

    def _conclude(
        self,
        decision: Decision,
        head: Head,
        rejection: Rejection | None,
        *,
        of_the_id: bool = False,
    ) -> int:
        cause = decision.cause
        refusal = refusal_of(cause, rejection, of_the_id=of_the_id) if rejection else None
        position = self._head(SYSTEM).sequence
        sequence = self._writer.outcome(
            cause,
            head,
            position,
            recorded=decision.recorded,
            sent=decision.sent,
            refusal=refusal,
        )
        if sequence:
            TenantTables(self._overlay, cause.tenant_id).put(HEAD_ID, head.record())
            ended = cause.tenant_id, rejection.code if rejection is not None else ""
            self._outcomes[ended] = self._outcomes.get(ended, 0) + 1
        return sequence

    def _decision(self, cause: Cause, head: Head) -> Decision:
        return Decision(
            cause,
            self._overlay,
            self._book.keys,
            self._book.rules.apply,
            first_sequence=head.sequence + 1,
            genesis=self._book.genesis,
        )

    def _head(self, tenant_id: TenantId) -> Head:
        head = self._heads.get(tenant_id)
        if head is None:
            head = self._heads[tenant_id] = read_head(TenantTables(self._overlay, tenant_id))
        return head

    def _check_states(self, before: dict[Key, Entry | None]) -> None:
        for key, entry in self._overlay.changes.items():
            if entry is not before.get(key):
                _state_value(key, entry)

    def _growth(self) -> int:
        """Give by how many records the cycle's changes make the state longer."""
        return sum(
            (entry is not None) - (key in self._committed)
            for key, entry in self._overlay.changes.items()
        )

    def _reached(self, reach: Mapping[str, int] | None) -> dict[str, int]:
        """Give the positions, behind which nothing that was fetched is undecided."""
        if reach is None:
            return self._positions
        return {t: max(before, reach.get(t, before)) for t, before in self._before.items()}

    def finish(self, reach: Mapping[str, int] | None = None) -> Work:
        """Give the unit of work: outcomes, changed state and the input positions. Raises StateTooLargeError."""
        positions = self._reached(reach)
        ahead = beyond(positions, self._ahead, self._decided)
        self._memory.write(self._overlay, self._newest)
        outputs = self._writer.outputs
        for key, entry in self._overlay.changes.items():
            value = _state_value(key, entry)
            outputs.append(OutputRecord(naming.STATE, self._number, state_key(key), value, None))
        outputs.append(
            positions_record(
                self._number,
                positions,
                ahead=ahead,
                complete_from=self._complete_from,
                state_records=len(self._committed) + self._growth(),
                partitions=self._book.layout.partitions,
                lease_key=self._book.lease_key,
            )
        )
        return Work(
            partition=self._number,
            outputs=outputs,
            changes=self._overlay.changes,
            positions=positions,
            ahead=ahead,
            has_moved=positions != self._before,
            memory=self._memory,
            rearmed=self._rearmed,
            records=self._taken,
            dead=self._dead,
            outcomes=self._outcomes,
        )


def _stage(error: PoisonError) -> Stage:
    if isinstance(error, UnknownTenantError):
        return "admit"
    return "decide" if isinstance(error, ProcessorBugError) else "decode"


def _state_value(key: Key, entry: Entry | None) -> bytes | None:
    if entry is None:
        return None
    value = encode_state(entry.value, entry.version)
    if len(value) > MAX_RECORD_BYTES:
        raise StateTooLargeError(f"{key.kind} of {len(value)} bytes")
    return value
