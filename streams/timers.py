"""Timers: deadlines of committed state become ``FireTimer`` commands on their own input topic (settled.md 21).

A deadline fires only when everything is decided that its tenant had in the partition's input topics when it had
passed, so that after an outage queued results come before the expiry that they prevent; what other tenants have
sent makes nobody's timer late. A timer stays pending until its decision has committed. Timers are no part of a
transaction: a second copy is decided as silent.
"""

import logging
from collections.abc import Callable
from typing import Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas.codec import encode_envelope, encode_payload
from schemas.messages.envelope import Envelope
from schemas.messages.runtime.commands import FireTimer
from streams.clients import Answer, LogEnds, Place
from streams.crashpoints import CrashPoints
from streams.cycle import DecidedTo
from streams.figures import Board
from streams.layout import INTERNAL, Layout
from streams.partition import Partition
from streams.wiring import ENGINE_ACTOR, Key, derived_uuid
from topics import naming
from topics.headers import headers_of

log = logging.getLogger(__name__)

DUE_MAX: Final = 1000
"""Most timers of one partition that are put on their topic at once."""
INDEXED_MAX: Final = 300
"""Most records that a cycle decodes to find what waits in a restored partition: about 3 ms."""
HELD_BACK_MAX: Final = 64
"""Most ends of one partition that are kept apart while a tenant's queue holds its deadlines back."""
ASKED_WAIT_S: Final = 0.002
"""Longest wait of a poll while the ends of the input topics are being asked for."""

Due = list[tuple[int, Key]]


def timer_envelope(deadline: int, key: Key) -> Envelope:
    """Give the command of a deadline: derived from tenant, kind, record and deadline, so a second copy is the same."""
    name = f"{key.tenant_id}|timer|{key.kind}|{key.record_id}|{deadline}"
    identity = derived_uuid(name)
    payload = FireTimer(timer_kind=key.kind, record_id=key.record_id, deadline=deadline)
    schema_id, raw = encode_payload(payload)
    return Envelope(
        event_id=f"cmd-{identity}",
        event_type=FireTimer.__name__,
        kind="command",
        tenant_id=key.tenant_id,
        trace_id=identity.replace("-", ""),
        correlation_id=f"corr-{identity}",
        occurred_at=deadline,
        actor_type="system",
        actor_id=ENGINE_ACTOR,
        payload_schema_id=schema_id,
        payload=raw,
    )


class _Asked(NamedTuple):
    """Deadlines of one partition that have passed, and the question where its input topics end."""

    due: Due
    answer: Answer


class _HeldBack(NamedTuple):
    """Deadlines that fire when what their tenants sent below ``ends`` is decided."""

    due: Due
    ends: dict[str, int]


class Timers:
    """Fires deadlines of the partitions that this worker holds. ``clock`` gives microseconds UTC."""

    def __init__(
        self,
        layout: Layout,
        producer: Producer,
        log_ends: LogEnds,
        *,
        clock: Callable[[], int],
        crash: CrashPoints,
        board: Board,
    ) -> None:
        self._layout = layout
        self._producer = producer
        self._log_ends = log_ends
        self._clock = clock
        self._crash = crash
        self._board = board
        self._topics = {t: layout.physical(t) for t in layout.inputs if t not in INTERNAL}
        self._asked: dict[Partition, _Asked] = {}
        self._held: dict[Partition, list[_HeldBack]] = {}

    def wait_s(self, partitions: dict[int, Partition], longest: float) -> float:
        """Give how long a poll may wait for a record without being late for a deadline."""
        if any(p in self._asked or p in self._held for p in partitions.values()):
            return ASKED_WAIT_S
        if not all(partition.is_indexed for partition in partitions.values()):
            return 0.0
        now = self._clock()
        earliest = [p.deadlines.earliest() for p in partitions.values()]
        until = [(at - now) / 1_000_000 for at in earliest if at is not None]
        return max(0.0, min([longest, *until]))

    def step(self, partitions: dict[int, Partition], decided_to: DecidedTo) -> None:
        """Look at the deadlines that have passed, and fire those whose tenants' inputs are decided."""
        self._producer.poll(0)
        mine = set(partitions.values())
        self._asked = {p: asked for p, asked in self._asked.items() if p in mine}
        self._held = {p: some for p, some in self._held.items() if p in mine}
        now = self._clock()
        unindexed = [p for p in partitions.values() if not p.is_indexed]
        if unindexed:
            unindexed[0].index(INDEXED_MAX)
        for partition in partitions.values():
            self._look(partition, now)
            if partition in self._held:
                self._fire(partition, self._decided(partition, decided_to))

    def _look(self, partition: Partition, now: int) -> None:
        """Hold what was asked about, once that is answered; else ask about what has passed since."""
        asked = self._asked.get(partition)
        if asked is None:
            due = partition.deadlines.take_due(now, DUE_MAX)
            if due:
                self._asked[partition] = _Asked(due, self._ask(partition))
        elif asked.answer.is_there():
            ends = self._answered(partition, asked)
            if ends is not None:
                del self._asked[partition]
                mine = {topic: ends[name, partition.number] for topic, name in self._topics.items()}
                self._hold(partition, _HeldBack(asked.due, mine))

    def _hold(self, partition: Partition, newest: _HeldBack) -> None:
        held = self._held.setdefault(partition, [])
        if len(held) == HELD_BACK_MAX:  # those of the last one wait a little longer than they must
            newest = _HeldBack([*held.pop().due, *newest.due], newest.ends)
        held.append(newest)

    def _decided(self, partition: Partition, decided_to: DecidedTo) -> Due:
        """Take out the held deadlines whose tenants have nothing left below the ends."""
        ready: Due = []
        left: list[_HeldBack] = []
        for due, ends in self._held.pop(partition):
            tenants = {key.tenant_id for _, key in due}
            free = {
                tenant_id
                for tenant_id in tenants
                if all(decided_to(partition, tenant_id, t) >= end for t, end in ends.items())
            }
            ready += [each for each in due if each[1].tenant_id in free]
            waiting = [each for each in due if each[1].tenant_id not in free]
            if waiting:
                left.append(_HeldBack(waiting, ends))
        if left:
            self._held[partition] = left
        return ready

    def _answered(self, partition: Partition, asked: _Asked) -> dict[Place, int] | None:
        """Give the ends; where the broker could not say them, ask again."""
        try:
            return asked.answer.result(0)
        except KafkaException as error:
            log.warning("ends of partition %d: %s", partition.number, error.args[0])
            self._log_ends.renew()
            self._asked[partition] = asked._replace(answer=self._ask(partition))
            return None

    def _ask(self, partition: Partition) -> Answer:
        return self._log_ends.ask_end((name, partition.number) for name in self._topics.values())

    def _fire(self, partition: Partition, due: Due) -> None:
        still = [
            (deadline, key)
            for deadline, key in due
            if partition.deadlines.still_waits(deadline, key)
        ]
        if not still:
            return
        for deadline, key in still:
            envelope = timer_envelope(deadline, key)
            self._producer.produce(
                self._layout.physical(naming.TIMERS),
                encode_envelope(envelope),
                key.tenant_id.encode(),
                partition.number,
                on_delivery=self._delivered,
                headers=headers_of(envelope),
            )
        self._producer.poll(0)
        self._board.add(timers_fired=len(still))
        now = self._clock()
        self._board.timers_late((now - deadline) / 1e6 for deadline, _ in still)
        self._crash.at("fired")

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            raise TimerLostError(f"a timer was not taken by {message.topic()}: {error}")


class TimerLostError(Exception):
    """A timer did not reach its topic in time: the process ends, a restart derives it from the state again."""

    is_speaking = True  # its text may be logged
