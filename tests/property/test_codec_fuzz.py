"""Whatever bytes come, decoding gives a record or one of our errors: never a crash, never another class."""

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue import catalogue
from schemas.codec import (
    GENESIS_HASH,
    decode_envelope,
    decode_payload,
    encode_payload,
    is_link,
    seal,
)
from schemas.errors import PayloadInvalidError, PoisonError
from schemas.messages.envelope import Envelope
from schemas.messages.runtime.commands import FireTimer
from tests.unit.schemas.test_codec import envelope

GOOD, _ = seal(envelope(sequence=1), GENESIS_HASH)
IDS = [entry.id for entry in catalogue().entries]


@settings(max_examples=2000, deadline=1000)
@given(st.binary(max_size=400))
def test_random_bytes_are_poison_or_a_record(raw: bytes) -> None:
    with contextlib.suppress(PoisonError):
        assert isinstance(decode_envelope(raw), Envelope)


@settings(max_examples=2000, deadline=1000)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_a_changed_byte_of_a_fact_is_poison_or_breaks_the_chain(at: int, byte: int) -> None:
    raw = GOOD[:at] + bytes([byte]) + GOOD[at + 1 :]
    try:
        read = decode_envelope(raw)
    except PoisonError:
        return
    assert raw == GOOD or not is_link(raw, read, GENESIS_HASH)


@settings(max_examples=2000, deadline=1000)
@given(st.sampled_from(IDS), st.binary(max_size=300))
def test_any_schema_over_random_bytes_is_an_error_or_that_record(
    schema_id: int, raw: bytes
) -> None:
    with contextlib.suppress(PoisonError, PayloadInvalidError):
        assert type(decode_payload(schema_id, raw)) is catalogue().by_id[schema_id].type


@given(st.text(max_size=64), st.text(max_size=512), st.integers(-(2**63), 2**63 - 1))
def test_every_timer_comes_back(kind: str, record_id: str, deadline: int) -> None:
    timer = FireTimer(timer_kind=kind, record_id=record_id, deadline=deadline)
    assert decode_payload(*encode_payload(timer)) == timer
