"""Dead letters: records that no decision can be made on, kept whole, in the transaction that passes them by.

Value of a dead letter: Confluent frame and an Avro ``DeadLetter`` (no envelope: its tenant is unknown or not to be
believed). A bad record costs its own outcome only; the partition goes on (settled.md 26).
"""

from typing import Literal

from schemas.codec import encode_framed
from schemas.errors import PoisonError
from schemas.messages.runtime.messages import DeadLetter, Header
from streams.records import Headers, InputRecord, OutputRecord
from topics import naming

Stage = Literal["decode", "admit", "decide"]


class ProcessorBugError(PoisonError):
    """A decider raised: its changes are taken back and the record is set aside."""

    code = "PROCESSOR_BUG"


class PoisonCrashError(PoisonError):
    """A record that ended the process each time it was tried."""

    code = "POISON_CRASH"


def dead_letter(
    record: InputRecord, error: PoisonError, stage: Stage, attempts: int = 1
) -> OutputRecord:
    """Give the dead letter of a record, on the partition that it came from."""
    letter = DeadLetter(
        stage=stage,
        code=error.code,
        rule=error.rule,
        field=error.field,
        source_topic=record.topic,
        source_partition=record.partition,
        source_offset=record.offset,
        appended_at=record.appended_at,
        attempts=attempts,
        key=record.key,
        value=record.value,
        headers=tuple(Header(name=name, value=_bytes(value)) for name, value in record.headers),
    )
    value = encode_framed(letter)
    headers: Headers = [("ce_type", b"DeadLetter"), ("content-type", b"application/avro")]
    return OutputRecord(naming.DEAD_LETTERS, record.partition, None, value, headers)


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
