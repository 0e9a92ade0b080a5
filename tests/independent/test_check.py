"""The stranger's own eyes: each corruption planted into a sound log is found, by its place."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from query.decode import Raw
from schemas.catalogue import ROOT
from schemas.codec import decode_envelope, encode_envelope
from tests.independent.reader import Check, Registry
from tests.unit.query.recorded import Recorded, changed
from tests.unit.query.story import story

REGISTRY = Registry(ROOT)


class Record:
    """A record as the reader gets it from its Kafka client."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw

    def topic(self) -> str:
        return self._raw.position.topic

    def partition(self) -> int:
        return self._raw.position.partition

    def offset(self) -> int:
        return self._raw.position.offset

    def value(self) -> bytes | None:
        return self._raw.value


def read(raws: list[Raw]) -> list[str]:
    """Give the findings."""
    check = Check(REGISTRY)
    for raw in raws:
        check.take(Record(raw))  # type: ignore[arg-type]
    check.finish()
    return check.findings


@pytest.fixture
def log() -> Recorded:
    return story("acme", "globex")


def fact(log: Recorded, number: int) -> tuple[int, Raw]:
    """Give place and record of a fact of acme by its sequence."""
    return next(
        (place, raw)
        for place, raw in enumerate(log.raws)
        if raw.position.topic.endswith((".events.v1", "rejections.v1"))
        and raw.value is not None
        and decode_envelope(raw.value).tenant_id == "acme"
        and decode_envelope(raw.value).sequence == number
    )


def test_a_sound_log_has_no_finding_and_is_not_empty(log: Recorded) -> None:
    assert read(log.raws) == []
    assert len(log.facts()) > 20


ALTERED: dict[str, Callable[[Raw], Raw]] = {
    "another actor": lambda raw: changed(raw, actor_id="user:mallory"),
    "another time": lambda raw: changed(raw, occurred_at=0),
    "another tenant": lambda raw: changed(raw, tenant_id="globex"),
    "another ordinal": lambda raw: changed(raw, ordinal=7),
    "another hash": lambda raw: changed(raw, hash=bytes(32)),
    "bytes behind it": lambda raw: raw._replace(value=(raw.value or b"") + b"x"),
    "cut short": lambda raw: raw._replace(value=(raw.value or b"")[:-9]),
    "no frame": lambda raw: raw._replace(value=b"\x01" + (raw.value or b"")[1:]),
    "an unknown schema": lambda raw: raw._replace(
        value=b"\0" + (99_999).to_bytes(4, "big") + (raw.value or b"")[5:]
    ),
    "a tombstone": lambda raw: raw._replace(value=None),
    "nothing": lambda raw: raw._replace(value=b""),
    "a payload of another schema": lambda raw: changed(raw, payload_schema_id=1),
    "bytes behind its payload": lambda raw: changed(
        raw, payload=decode_envelope(raw.value).payload + b"x"
    ),
}


@pytest.mark.parametrize("how", ALTERED)
def test_an_altered_fact_is_found_at_its_place(log: Recorded, how: str) -> None:
    place, raw = fact(log, 5)
    altered = ALTERED[how](raw)
    findings = read([*log.raws[:place], altered, *log.raws[place + 1 :]])
    assert any(finding.startswith(f"{raw.position}:") for finding in findings), findings


def test_a_dropped_fact_is_found_at_the_next_one(log: Recorded) -> None:
    place, _ = fact(log, 5)
    _, following = fact(log, 6)
    findings = read([*log.raws[:place], *log.raws[place + 1 :]])
    assert f"{following.position}: acme has no sequence 5" in findings


def test_a_doubled_fact_is_found(log: Recorded) -> None:
    _, raw = fact(log, 5)
    findings = read([*log.raws, raw])
    assert f"{raw.position}: sequence 5 twice" in findings


def test_two_facts_with_their_sequences_swapped_break_the_chain(log: Recorded) -> None:
    (first, a), (second, b) = fact(log, 5), fact(log, 6)
    raws = list(log.raws)
    raws[first], raws[second] = changed(a, sequence=6), changed(b, sequence=5)
    assert any("the chain of acme breaks" in finding for finding in read(raws))


def test_a_fact_rewritten_with_its_own_hash_breaks_the_chain_behind_it(log: Recorded) -> None:
    """Whoever rewrites one fact would have to rewrite all that follow."""
    place, raw = fact(log, 5)
    envelope = replace(decode_envelope(raw.value), actor_id="user:mallory", hash=bytes(range(32)))  # type: ignore[arg-type]
    raws = [
        *log.raws[:place],
        raw._replace(value=encode_envelope(envelope)),
        *log.raws[place + 1 :],
    ]
    assert any("the chain of acme breaks" in finding for finding in read(raws))


def test_what_others_send_may_be_anything(log: Recorded) -> None:
    log.put("cp.commands.v1", 0, b"garbage", b"acme")
    assert read(log.raws) == []
