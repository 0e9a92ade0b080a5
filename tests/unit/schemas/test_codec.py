"""The codec: round trips, the frame, every byte consumed, the chain, and one error for each kind of bad bytes."""

import hashlib
from io import BytesIO

import msgspec
import pytest
from fastavro import schemaless_writer

from schemas.avro_number import avro_count, number_at
from schemas.catalogue import catalogue
from schemas.codec import (
    GENESIS_HASH,
    MAX_RECORD_BYTES,
    _money_bytes,
    _money_int,
    chain_hash,
    decode_envelope,
    decode_payload,
    decode_state,
    encode_envelope,
    encode_framed,
    encode_payload,
    encode_state,
    is_link,
    seal,
)
from schemas.errors import (
    EnvelopeInvalidError,
    MalformedRecordError,
    PayloadInvalidError,
    PoisonError,
    TooLargeError,
    UnknownSchemaError,
)
from schemas.ids import PrincipalId, TenantId
from schemas.messages.costs.commands import PublishPriceList
from schemas.messages.envelope import Envelope, StateEntry
from schemas.messages.runtime.commands import FireTimer
from schemas.messages.runtime.state import TenantHead

TIMER = FireTimer(timer_kind="AgentTask", record_id="task-1", deadline=7)


def envelope(**changes: object) -> Envelope:
    schema_id, payload = encode_payload(TIMER)
    values = {
        "event_id": "evt-1",
        "event_type": "FireTimer",
        "kind": "event",
        "tenant_id": TenantId("acme"),
        "trace_id": "0" * 32,
        "correlation_id": "corr-1",
        "occurred_at": 1,
        "actor_type": "user",
        "actor_id": PrincipalId("user:olga"),
        "payload_schema_id": schema_id,
        "payload": payload,
        **changes,
    }
    return Envelope(**values)  # type: ignore[arg-type]


def test_a_payload_comes_back_as_it_was() -> None:
    assert decode_payload(*encode_payload(TIMER)) == TIMER


def test_an_envelope_comes_back_as_it_was() -> None:
    assert decode_envelope(encode_envelope(envelope())) == envelope()


def test_a_state_record_comes_back_with_its_aggregate_version() -> None:
    head = TenantHead(sequence=3, hash=bytes(32), decided_at=9, context_sequences=())
    assert decode_state(encode_state(head, 5)) == (head, 5)


@pytest.mark.parametrize("length", [0, 63, 64, 8191, 8192, 100_000])
@pytest.mark.parametrize("version", [0, 63, 64, 2**31, 2**62])
def test_a_state_record_is_what_a_library_writes_for_its_schema(version: int, length: int) -> None:
    timer = msgspec.structs.replace(TIMER, record_id="x" * length)
    schema_id, raw = encode_payload(timer)
    entry = StateEntry(aggregate_version=version, value_schema_id=schema_id, value=raw)
    assert encode_state(timer, version) == encode_framed(entry)


def test_the_frame_is_a_zero_byte_and_the_registry_id() -> None:
    value = encode_envelope(envelope())
    assert value[0] == 0
    assert int.from_bytes(value[1:5], "big") == catalogue().by_type[Envelope].id


def test_money_is_a_decimal_on_the_wire_and_micros_in_python() -> None:
    document = {
        "name": "standard",
        "version": "1.0.0",
        "currency": "USD",
        "prices": [
            {
                "provider": "p",
                "model": "m",
                "dimension": "tokens.input",
                "unitQuantity": 1_000_000,
                "unitPrice": 2_500_000,
            }
        ],
    }
    command = msgspec.convert(document, PublishPriceList)
    schema_id, raw = encode_payload(command)
    assert (2_500_000).to_bytes(3, "big") in raw
    assert decode_payload(schema_id, raw) == command


@pytest.mark.parametrize("amount", [0, 1, -1, 127, 128, -128, -129, 10**17, -(10**17)])
def test_every_amount_of_money_comes_back(amount: int) -> None:
    assert _money_int(_money_bytes(amount)) == amount


def test_the_chain_covers_header_payload_and_the_hash_before() -> None:
    value, digest = seal(envelope(sequence=1), GENESIS_HASH)
    read = decode_envelope(value)
    assert read.hash == digest
    blank = msgspec.structs.replace(read, payload=b"", hash=None)
    header = encode_envelope(blank)
    expected = hashlib.sha256(
        b"\x02" + GENESIS_HASH + hashlib.sha256(read.payload).digest() + header
    ).digest()
    assert digest == expected == chain_hash(GENESIS_HASH, read.payload, header)


@pytest.mark.parametrize("length", [0, 1, 63, 64, 127, 128, 8191, 8192, 70_000])
def test_sealing_encodes_payloads_of_every_length_as_avro_does(length: int) -> None:
    sealed, digest = seal(envelope(payload=b"x" * length), GENESIS_HASH)
    plain = encode_envelope(envelope(payload=b"x" * length, hash=digest))
    assert sealed == plain


def test_bytes_after_the_record_are_malformed() -> None:
    with pytest.raises(MalformedRecordError, match="1 bytes after"):
        decode_envelope(encode_envelope(envelope()) + b"\x00")


def test_every_truncation_is_malformed() -> None:
    value = encode_envelope(envelope())
    for length in range(len(value)):
        with pytest.raises(PoisonError):
            decode_envelope(value[:length])


@pytest.mark.parametrize("value", [None, b"", b"\x00", b"\x01\x00\x00\x00\x01abc"])
def test_a_value_without_frame_is_malformed(value: bytes | None) -> None:
    with pytest.raises(MalformedRecordError):
        decode_envelope(value)


def test_an_unknown_schema_id_is_named() -> None:
    with pytest.raises(UnknownSchemaError, match="99999"):
        decode_envelope(b"\x00" + (99_999).to_bytes(4, "big") + b"x")
    with pytest.raises(UnknownSchemaError, match="99999"):
        decode_payload(99_999, b"")


def test_a_frame_that_names_another_record_is_an_unknown_schema() -> None:
    timer = catalogue().by_type[FireTimer].id
    with pytest.raises(UnknownSchemaError, match="FireTimer, not Envelope"):
        decode_envelope(b"\x00" + timer.to_bytes(4, "big") + b"x")


def test_a_record_over_the_limit_is_not_decoded() -> None:
    with pytest.raises(TooLargeError):
        decode_envelope(b"\x00" * (MAX_RECORD_BYTES + 1))


def test_an_envelope_that_breaks_a_rule_names_field_and_rule() -> None:
    value = encode_envelope(envelope(tenant_id=TenantId("ACME\n")))
    with pytest.raises(EnvelopeInvalidError) as caught:
        decode_envelope(value)
    assert caught.value.field == "tenantId"


def test_a_payload_that_breaks_a_rule_names_field_and_rule() -> None:
    schema_id, raw = encode_payload(msgspec.structs.replace(TIMER, timer_kind="x" * 65))
    with pytest.raises(PayloadInvalidError) as caught:
        decode_payload(schema_id, raw)
    assert caught.value.field == "timerKind"
    assert "64" in caught.value.rule


def test_every_changed_byte_of_a_fact_is_found() -> None:
    value, _ = seal(envelope(sequence=1), GENESIS_HASH)
    unnoticed = []
    for at in range(len(value)):
        for bit in range(8):
            altered = value[:at] + bytes([value[at] ^ 1 << bit]) + value[at + 1 :]
            try:
                read = decode_envelope(altered)
            except PoisonError:
                continue
            if is_link(altered, read, GENESIS_HASH):
                unnoticed.append((at, bit))
    assert unnoticed == []


@pytest.mark.parametrize("number", [0, 1, 63, 64, 8191, 8192, 2**31, 2**62, 2**63 - 1])
def test_a_number_is_put_together_and_taken_apart_as_avro_does(number: int) -> None:
    out = BytesIO()
    schemaless_writer(out, "long", number)
    assert avro_count(number) == out.getvalue()
    assert number_at(b"xx" + out.getvalue() + b"rest", 2) == (number, 2 + len(out.getvalue()))
    below = BytesIO()
    schemaless_writer(below, "long", -number - 1)
    assert number_at(below.getvalue(), 0) == (-number - 1, len(below.getvalue()))


@pytest.mark.parametrize("cut", [0, 1, 5, 6, 8, 9, -1])
def test_a_state_record_that_ends_too_early_or_too_late_is_malformed(cut: int) -> None:
    whole = encode_state(TIMER, 5)
    with pytest.raises(MalformedRecordError):
        decode_state(whole[:cut])
    with pytest.raises(MalformedRecordError):
        decode_state(whole + b"\0")
