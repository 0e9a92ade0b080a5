"""Records that cannot be decided, and commands that may not be: each ends as one dead letter or one refusal."""

import secrets
import struct
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from schemas.codec import decode_payload, encode_envelope
from schemas.messages.envelope import Envelope
from schemas.messages.runtime.facts import CommandRejected
from schemas.messages.runtime.messages import CommandRepeated, DeadLetter
from streams.records import Headers
from tests.integration.streams import toy
from tests.integration.streams.factory import Factory, command_id, until
from tests.integration.streams.toy import AddMarbles
from topics import naming
from topics.partition import partition_of

pytestmark = pytest.mark.kafka

HOUR_MS = 3_600_000
HEADERS: Headers = [("a", b"\xff\0"), ("a", b"twice"), ("ce_type", None)]


def dead_letters(factory: Factory) -> list[DeadLetter]:
    """Give the dead letters."""
    found = []
    for message in factory.read("cp.dead-letters.v1"):
        value = message.value() or b""
        letter = decode_payload(struct.unpack_from(">bI", value)[1], value[5:])
        assert isinstance(letter, DeadLetter)
        found.append(letter)
    return found


def refusals(factory: Factory, count: int) -> list[tuple[Envelope, CommandRejected]]:
    """Wait for a number of records on the topic of refusals; give the refusals."""
    found = []
    for envelope in factory.wait_for("cp.rejections.v1", count):
        payload = decode_payload(envelope.payload_schema_id, envelope.payload)
        if isinstance(payload, CommandRejected):
            found.append((envelope, payload))
    return found


def totals(factory: Factory) -> list[int]:
    """Give how many marbles the jars held after each command."""
    return [fact.total for fact in factory.facts() if isinstance(fact, toy.MarblesAdded)]


def good(factory: Factory) -> Envelope:
    """Give a sound command of acme."""
    return factory.envelope(AddMarbles(jar_id="j", count=1), "acme")


Put = Callable[[Factory], object]

BAD: dict[str, tuple[str, Put]] = {
    "a tombstone": ("MALFORMED_RECORD", lambda f: f.put(None, "acme")),
    "random bytes": ("MALFORMED_RECORD", lambda f: f.put(secrets.token_bytes(90), "acme")),
    "an unknown schema": (
        "UNKNOWN_SCHEMA",
        lambda f: f.put(struct.pack(">bI", 0, 899_999) + b"x" * 50, "acme"),
    ),
    "bytes after the record": (
        "MALFORMED_RECORD",
        lambda f: f.put(encode_envelope(good(f)) + b"\0", "acme"),
    ),
    "a cut record": ("MALFORMED_RECORD", lambda f: f.put(encode_envelope(good(f))[:-7], "acme")),
    "too large": ("TOO_LARGE", lambda f: f.put(b"\0" * 1_000_001, "acme")),
    "no key": (
        "TENANT_MISMATCH",
        lambda f: f.put(encode_envelope(good(f)), "acme", key=b""),
    ),
    "another tenant's key": (
        "TENANT_MISMATCH",
        lambda f: f.put(encode_envelope(good(f)), "acme", key=b"bolt"),
    ),
    "the wrong partition": (
        "WRONG_PARTITION",
        lambda f: f.put(
            encode_envelope(good(f)), "acme", partition=1 - partition_of("acme", f.partitions)
        ),
    ),
    "a header of another type": (
        "ENVELOPE_INVALID",
        lambda f: f.put(encode_envelope(good(f)), "acme", headers=[("ce_type", b"Other")]),
    ),
    "a header of another id": (
        "ENVELOPE_INVALID",
        lambda f: f.put(encode_envelope(good(f)), "acme", headers=[("ce_id", b"cmd-1")]),
    ),
    "no trace": (
        "ENVELOPE_INVALID",
        lambda f: f.send(AddMarbles(jar_id="j", count=1), trace_id="no trace"),
    ),
    "an event": (
        "ENVELOPE_INVALID",
        lambda f: f.send(AddMarbles(jar_id="j", count=1), kind="event"),
    ),
    "another payload than its type": (
        "ENVELOPE_INVALID",
        lambda f: f.send(AddMarbles(jar_id="j", count=1), event_type="PublishMarbleRule"),
    ),
    "an unknown tenant": (
        "UNKNOWN_TENANT",
        lambda f: f.send(AddMarbles(jar_id="j", count=1), "ghost-town"),
    ),
    "a decider's bug": (
        "PROCESSOR_BUG",
        lambda f: f.send(AddMarbles(jar_id="j", count=toy.BUG)),
    ),
}  # fmt: skip


def test_bad_records_end_as_dead_letters_and_their_neighbours_are_decided(
    kafka: str, tmp_path: Path
) -> None:
    factory = Factory(kafka, tmp_path)
    with factory.worker():
        for _, put in BAD.values():
            factory.send(AddMarbles(jar_id="j", count=1))
            put(factory)
        factory.send(AddMarbles(jar_id="j", count=1))
        factory.wait_for("cp.projects.events.v1", len(BAD) + 1)
        until(lambda: len(dead_letters(factory)) == len(BAD), "all dead letters")
    letters = sorted(dead_letters(factory), key=lambda letter: letter.appended_at)
    assert sorted(letter.code for letter in letters) == sorted(code for code, _ in BAD.values())
    assert totals(factory) == list(range(1, len(BAD) + 2))
    bug = next(letter for letter in letters if letter.code == "PROCESSOR_BUG")
    assert (bug.stage, bug.key, bug.source_topic) == ("decide", b"acme", naming.COMMANDS)


def test_a_dead_letter_keeps_key_value_and_headers_untouched(kafka: str, tmp_path: Path) -> None:
    factory = Factory(kafka, tmp_path)
    value = secrets.token_bytes(64)
    with factory.worker():
        factory.put(value, "acme", key=b"\0key", headers=HEADERS)
        factory.flush()
        until(lambda: len(dead_letters(factory)) == 1, "the dead letter")
    (letter,) = dead_letters(factory)
    assert (letter.key, letter.value) == (b"\0key", value)
    assert [(header.name, header.value) for header in letter.headers] == HEADERS


@pytest.mark.timeout(120)
def test_a_record_that_kills_the_process_is_set_aside_after_three_ends(
    kafka: str, tmp_path: Path
) -> None:
    factory = Factory(kafka, tmp_path)
    for _ in range(3):
        factory.send(AddMarbles(jar_id="j", count=1))
    killer = factory.send(AddMarbles(jar_id="j", count=toy.KILL))
    factory.send(AddMarbles(jar_id="j", count=1))
    factory.flush()
    for _ in range(3):
        with factory.worker() as worker:
            assert worker.ended() == -9
    with factory.worker():
        factory.wait_for("cp.projects.events.v1", 4)
    assert totals(factory) == [1, 2, 3, 4]
    (letter,) = dead_letters(factory)
    assert (letter.code, letter.attempts) == ("POISON_CRASH", 3)
    assert letter.value == encode_envelope(killer)


def test_commands_that_may_not_be_are_refused_in_the_tenants_sequence(
    kafka: str, tmp_path: Path
) -> None:
    factory = Factory(kafka, tmp_path)
    with factory.worker():
        factory.send(AddMarbles(jar_id="j", count=1))
        factory.put(encode_envelope(good(factory)), "acme", topic=naming.AGENT_MESH_RESULTS)
        factory.wait_for("cp.rejections.v1", 1)
        factory.send(AddMarbles(jar_id="j", count=1), actor_type="system")
        factory.send(AddMarbles(jar_id="j", count=toy.HUGE))
        factory.send(AddMarbles(jar_id="j", count=1), catalogue_not_before=7)
        factory.send(AddMarbles(jar_id="j", count=-1))
        found = refusals(factory, 5)
    assert [refusal.code for _, refusal in found] == [
        "FORBIDDEN",
        "FORBIDDEN",
        "LIMIT_EXCEEDED",
        "NOT_FOUND",
        "INVALID_STATE",
    ]
    assert sorted(envelope.sequence or 0 for envelope, _ in found) == [
        envelope.sequence for envelope, _ in found
    ]
    assert found[3][1].retryable
    assert found[-1][1].field == "count"


def test_a_command_id_is_decided_once(kafka: str, tmp_path: Path) -> None:
    factory = Factory(kafka, tmp_path)
    with factory.worker() as worker:
        first = factory.send(AddMarbles(jar_id="j", count=1))
        factory.put(encode_envelope(first), "acme")
        silent = factory.send(AddMarbles(jar_id="j", count=toy.SILENT))
        factory.wait_for("cp.rejections.v1", 1)
        assert worker.stop() == 0
    with factory.worker():
        factory.put(encode_envelope(first), "acme")
        factory.put(encode_envelope(silent), "acme")
        factory.send(AddMarbles(jar_id="j", count=2), event_id=first.event_id)
        factory.send(AddMarbles(jar_id="j", count=1), "bolt", event_id=first.event_id)
        records = factory.wait_for("cp.rejections.v1", 4)
        factory.wait_for("cp.projects.events.v1", 2)
    payloads = [decode_payload(r.payload_schema_id, r.payload) for r in records]
    again = CommandRepeated(command_id=first.event_id, command_type="AddMarbles", first_sequence=1)
    nothing = CommandRepeated(
        command_id=silent.event_id, command_type="AddMarbles", first_sequence=0
    )
    assert payloads[:3] == [again, again, nothing]
    assert isinstance(payloads[3], CommandRejected)
    assert payloads[3].code == "DUPLICATE"
    assert [record.sequence for record in records] == [None, None, None, 2]
    assert len({record.event_id for record in records}) == 4


def test_ids_that_memory_cannot_answer_for_are_refused(kafka: str, tmp_path: Path) -> None:
    factory = Factory(kafka, tmp_path)
    now = time.time_ns() // 1_000_000
    ids = [
        command_id(now - 25 * HOUR_MS),
        command_id(now + HOUR_MS),
        f"cmd-{uuid4()}",
        command_id(now - 23 * HOUR_MS),
    ]
    with factory.worker():
        for identity in ids:
            factory.send(AddMarbles(jar_id="j", count=1), event_id=identity)
        found = refusals(factory, 3)
        factory.wait_for("cp.projects.events.v1", 1)
    assert [(refusal.code, refusal.field) for _, refusal in found] == [
        ("EXPIRED", "eventId"),
        ("INVALID_ARGUMENT", "eventId"),
        ("INVALID_ARGUMENT", "eventId"),
    ]
