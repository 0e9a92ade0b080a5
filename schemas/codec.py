"""The one codec: typed messages to Avro bytes and back, with the size, schema and trailing-byte rules.

Wire names are camelCase and Python names snake_case; the conversion happens here and nowhere else.
Frame of a value: Confluent prefix (0x00 + 4-byte schema id) + Avro record (wire.md §1, settled.md 33).
"""

import hashlib
import struct
from io import BytesIO
from typing import Any, Final, cast

import msgspec
from fastavro import schemaless_reader, schemaless_writer
from msgspec import Struct

from schemas.avro_number import avro_count, number_at
from schemas.catalogue import Entry, catalogue, visit
from schemas.errors import (
    EnvelopeInvalidError,
    MalformedRecordError,
    PayloadInvalidError,
    TooLargeError,
    UnknownSchemaError,
)
from schemas.messages.envelope import Envelope, StateEntry

MAX_RECORD_BYTES: Final = 1_000_000
"""Longest value accepted or produced; below Kafka's default message.max.bytes of 1 MiB."""

_FRAME: Final = struct.Struct(">bI")
_CHAIN_PREFIX: Final = b"\x02"
GENESIS_HASH: Final = bytes(32)
"""hash_0 of every tenant's audit chain (settled.md 10)."""

_KEEP: Final = (bytes,)


def _money_bytes(amount: int) -> bytes:
    return amount.to_bytes((amount.bit_length() + 8) // 8, "big", signed=True)


def _money_int(raw: bytes) -> int:
    return int.from_bytes(raw, "big", signed=True)


def _write(entry: Entry, message: Struct) -> bytes:
    record = msgspec.to_builtins(message, builtin_types=_KEEP)
    for path in entry.money:
        visit(record, path, _money_bytes)
    out = BytesIO()
    schemaless_writer(out, entry.physical, record)
    return out.getvalue()


def _read(entry: Entry, raw: bytes) -> dict[str, Any]:
    """Decode every byte of ``raw`` or raise MalformedRecordError: fastavro itself raises five unrelated classes."""
    source = BytesIO(raw)
    try:
        record = cast("dict[str, Any]", schemaless_reader(source, entry.physical, None))
        for path in entry.money:
            visit(record, path, _money_int)
    except Exception as error:
        raise MalformedRecordError(f"not a {entry.name} record ({type(error).__name__})") from error
    if source.tell() != len(raw):
        raise MalformedRecordError(
            f"{len(raw) - source.tell()} bytes after the {entry.name} record"
        )
    return record


def entry_of(schema_id: int) -> Entry:
    """Give the catalogue entry of an id; raise UnknownSchemaError."""
    entry = catalogue().by_id.get(schema_id)
    if entry is None:
        raise UnknownSchemaError(f"schema id {schema_id} is not in the registry", "payloadSchemaId")
    return entry


def encode_payload(message: Struct) -> tuple[int, bytes]:
    """Give (schema id, Avro bytes) of a typed message."""
    entry = catalogue().by_type[type(message)]
    return entry.id, _write(entry, message)


def decode_payload(schema_id: int, raw: bytes) -> Struct:
    """Give the typed message of a payload.

    Raises UnknownSchemaError, MalformedRecordError (bytes), PayloadInvalidError (a rule of a field).
    """
    entry = entry_of(schema_id)
    record = _read(entry, raw)
    try:
        return msgspec.convert(record, entry.type)
    except msgspec.ValidationError as error:
        rule, field = _rule_and_field(str(error))
        raise PayloadInvalidError(rule, field) from error


def _rule_and_field(text: str) -> tuple[str, str]:
    """Split msgspec's sentence ``rule - at `$.field` `` into the rule and the field's path."""
    rule, _, where = text.partition(" - at `$")
    return rule, where.rstrip("`").lstrip(".")


def encode_envelope(envelope: Envelope) -> bytes:
    """Give the framed record value of an envelope that is not part of an audit chain (a command, an assignment)."""
    entry = catalogue().by_type[Envelope]
    return _FRAME.pack(0, entry.id) + _write(entry, envelope)


def seal(envelope: Envelope, previous_hash: bytes) -> tuple[bytes, bytes]:
    """Give (framed value, hash) of a fact or refusal: the next link of its tenant's chain (settled.md 10).

    ``envelope.hash`` must be None. The header is the framed envelope with empty payload and null hash; these
    two fields stand last in the schema, so one encoding serves both the hash and the record.
    """
    entry = catalogue().by_type[Envelope]
    header = _FRAME.pack(0, entry.id) + _write(
        entry, msgspec.structs.replace(envelope, payload=b"", hash=None)
    )
    digest = chain_hash(previous_hash, envelope.payload, header)
    return b"".join((header[:-2], _avro_bytes(envelope.payload), b"\x02", digest)), digest


def header_of(value: bytes, envelope: Envelope) -> bytes | None:
    """Give the hashed header of a sealed record, cut out of its own bytes; None where they do not end as we write them.

    Never encoded anew: fastavro reads a union branch or enum symbol by a negative index too, so other bytes can
    decode to the same record, and a header made from the record would hide that they were altered.
    """
    tail = b"".join((_avro_bytes(envelope.payload), b"\x02", envelope.hash or b""))
    return value[: -len(tail)] + b"\x00\x00" if value.endswith(tail) else None


def is_link(value: bytes, envelope: Envelope, previous_hash: bytes) -> bool:
    """Tell whether a record's hash follows from its bytes and the hash before it."""
    header = header_of(value, envelope)
    return header is not None and envelope.hash == chain_hash(
        previous_hash, envelope.payload, header
    )


def chain_hash(previous_hash: bytes, payload: bytes, header: bytes) -> bytes:
    """Give hash_n = SHA-256(0x02 ‖ hash_(n-1) ‖ SHA-256(payload) ‖ header)."""
    digest = hashlib.sha256(_CHAIN_PREFIX)
    digest.update(previous_hash)
    digest.update(hashlib.sha256(payload).digest())
    digest.update(header)
    return digest.digest()


def _avro_bytes(raw: bytes) -> bytes:
    """Encode Avro ``bytes``: their number, then the bytes."""
    return avro_count(len(raw)) + raw


def decode_envelope(value: bytes | None) -> Envelope:
    """Give the envelope of a record value.

    Raises TooLargeError, MalformedRecordError, UnknownSchemaError, EnvelopeInvalidError.
    """
    _, record = _framed(value, Envelope)
    try:
        return msgspec.convert(record, Envelope)
    except msgspec.ValidationError as error:
        rule, field = _rule_and_field(str(error))
        raise EnvelopeInvalidError(rule, field) from error


def _framed(value: bytes | None, expected: type[Struct]) -> tuple[Entry, dict[str, Any]]:
    entry = _check_frame(value, expected)
    return entry, _read(entry, (value or b"")[_FRAME.size :])


def _check_frame(value: bytes | None, expected: type[Struct]) -> Entry:
    if value is None:
        raise MalformedRecordError("the value is empty (a tombstone)")
    if len(value) > MAX_RECORD_BYTES:
        raise TooLargeError(f"{len(value)} bytes, at most {MAX_RECORD_BYTES}")
    if len(value) < _FRAME.size or value[0] != 0:
        raise MalformedRecordError("no Confluent frame (0x00 and a 4-byte schema id)")
    entry = entry_of(_FRAME.unpack_from(value)[1])
    if entry.type is not expected:
        raise UnknownSchemaError(f"schema id {entry.id} is {entry.name}, not {expected.__name__}")
    return entry


def encode_framed(message: Struct) -> bytes:
    """Give the value of a message that is framed without an envelope: a dead letter."""
    entry = catalogue().by_type[type(message)]
    return _FRAME.pack(0, entry.id) + _write(entry, message)


def decode_framed(value: bytes) -> Struct:
    """Give the message of a value that is framed without an envelope: a dead letter. Raises as decode_envelope does."""
    if len(value) < _FRAME.size or value[0] != 0:
        raise MalformedRecordError("no Confluent frame (0x00 and a 4-byte schema id)")
    return decode_payload(_FRAME.unpack_from(value)[1], value[_FRAME.size :])


def encode_state(message: Struct, aggregate_version: int) -> bytes:
    """Give the framed value of one record of the state changelog."""
    schema_id, raw = encode_payload(message)
    entry = catalogue().by_type[StateEntry]
    # Put together here: there are more state records than facts, and a StateEntry is two numbers before the bytes.
    return b"".join(
        (
            _FRAME.pack(0, entry.id),
            avro_count(aggregate_version),
            avro_count(schema_id),
            avro_count(len(raw)),
            raw,
        )
    )


def decode_state(value: bytes) -> tuple[Struct, int]:
    """Give (record, aggregate version) of a changelog value; raises as decode_envelope does."""
    _check_frame(value, StateEntry)
    # Taken apart here as it is put together above: a restart decodes many.
    try:
        version, at = number_at(value, _FRAME.size)
        schema_id, at = number_at(value, at)
        length, at = number_at(value, at)
    except IndexError as error:
        raise MalformedRecordError("the state record ends too early") from error
    if at + length != len(value):
        raise MalformedRecordError(f"{len(value) - at} bytes of state where {length} were said")
    return decode_payload(schema_id, value[at:]), version
