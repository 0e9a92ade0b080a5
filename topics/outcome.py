"""Wait for what became of a command: all its facts, or its refusal.

A reader of the tenant's partition of every fact topic, begun at the topics' ends before the command is sent. An outcome
is complete when ``outcomeCount`` records with the command as their cause have come (settled.md 1).
"""

import contextlib
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import Consumer, Message, TopicPartition
from msgspec import Struct

from schemas.codec import decode_envelope, decode_framed, decode_payload
from schemas.errors import PoisonError
from schemas.messages.envelope import Envelope
from schemas.messages.runtime.facts import CommandRejected
from schemas.messages.runtime.messages import CommandRepeated, DeadLetter
from schemas.output import OperatorError
from topics.catalogue import FACT_TOPICS
from topics.command import CommandRecord
from topics.ends import end_offsets
from topics.model import PARTITIONS
from topics.naming import DEAD_LETTERS
from topics.polling import batch
from topics.settings import client_options

POLL_SECONDS: Final = 0.1
BATCH: Final = 500


class OutcomeTimeoutError(OperatorError):
    """No complete outcome within the time given; the command may still be decided later."""


@dataclass
class Outcome:
    """What became of a command. ``rejection`` set: refused, with the facts that a refusal keeps."""

    command_id: str
    facts: list[tuple[Envelope, Struct]] = field(default_factory=list)
    rejection: CommandRejected | None = None
    repeated: CommandRepeated | None = None
    dead_letter: DeadLetter | None = None
    sequence: int = 0
    """Newest sequence of the outcome: ask the query API for ``minSequence=`` to read one's own write."""
    _count: int | None = None
    _records: int = 0

    @property
    def accepted(self) -> bool:
        """Whether the command took effect (now, or at its first coming)."""
        return self.rejection is None and self.dead_letter is None

    @property
    def retryable(self) -> bool:
        """Whether the same command may be accepted later: send it anew, under a new id with ``retryOf``."""
        return self.rejection is not None and self.rejection.retryable

    @property
    def complete(self) -> bool:
        """Whether every record of the outcome has come."""
        if self.repeated is not None or self.dead_letter is not None:
            return True
        return self._count is not None and self._records >= self._count

    def add(self, envelope: Envelope, payload: Struct) -> None:
        """Take one record of the outcome."""
        if isinstance(payload, CommandRepeated):
            self.repeated = payload
            return
        self._count = envelope.outcome_count
        self._records += 1
        self.sequence = max(self.sequence, envelope.sequence or 0)
        if isinstance(payload, CommandRejected):
            self.rejection = payload
        else:
            self.facts.append((envelope, payload))


class OutcomeReader:
    """Reads the facts of every partition in a thread of its own and completes the outcomes that are waited for."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._changed = threading.Condition()
        self._expected: dict[str, Outcome] = {}
        self._stop = threading.Event()
        self._consumer = Consumer(
            {
                **client_options(bootstrap),
                "group.id": "cp.operator-outcomes",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 20,
            }
        )
        self._assign_at_ends()
        self._thread = threading.Thread(target=self._run, name="outcomes", daemon=True)
        self._thread.start()

    def _assign_at_ends(self) -> None:
        """Take explicit end offsets: reading may begin only after they are known, or an outcome could be missed."""
        topics = (*FACT_TOPICS, DEAD_LETTERS)
        places = [(topic, partition) for topic in topics for partition in range(PARTITIONS)]
        ends = end_offsets(self._bootstrap, places)
        self._consumer.assign([TopicPartition(t, p, ends[t, p]) for t, p in places])

    def expect(self, record: CommandRecord) -> None:
        """Begin to collect the outcome of a command; call it before the command is produced."""
        with self._changed:
            self._expected[record.command_id] = Outcome(record.command_id)

    def wait(self, record: CommandRecord, seconds: float) -> Outcome:
        """Give the complete outcome. Raises OutcomeTimeoutError."""
        outcome = self._expected[record.command_id]
        with self._changed:
            done = self._changed.wait_for(lambda: outcome.complete, timeout=seconds)
            del self._expected[record.command_id]
        if not done:
            raise OutcomeTimeoutError(
                f"{record.command_type} {record.command_id} has no outcome after {seconds:g} s: "
                "is a worker running (`factory kafka status`, `factory lag`)?"
            )
        return outcome

    def _run(self) -> None:
        while not self._stop.is_set():
            self._take(batch(self._consumer, BATCH, POLL_SECONDS))

    def _take(self, messages: Iterable[Message]) -> None:
        for message in messages:
            error = message.error()
            if error is not None:
                if error.fatal():
                    return
                continue
            # What cannot be read is nobody's outcome: the verifier names it.
            with contextlib.suppress(PoisonError):
                if message.topic() == DEAD_LETTERS:
                    self._match_dead_letter(message.value() or b"")
                else:
                    self._match(decode_envelope(message.value()))

    def _match(self, envelope: Envelope) -> None:
        with self._changed:
            outcome = self._expected.get(envelope.causation_id or "")
            if outcome is not None:
                outcome.add(envelope, decode_payload(envelope.payload_schema_id, envelope.payload))
                self._changed.notify_all()

    def _match_dead_letter(self, value: bytes) -> None:
        """Match by the header of the record set aside: its envelope is not to be believed."""
        letter = decode_framed(value)
        if not isinstance(letter, DeadLetter):
            return
        ids = [
            (h.value or b"").decode(errors="replace") for h in letter.headers if h.name == "ce_id"
        ]
        with self._changed:
            for outcome in filter(None, map(self._expected.get, ids)):
                outcome.dead_letter = letter
                self._changed.notify_all()

    def close(self) -> None:
        """End the thread and leave the broker."""
        self._stop.set()
        self._thread.join(timeout=5)
        self._consumer.close()
