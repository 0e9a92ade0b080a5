"""What must hold of the logs after any history: the invariants of reliability.md §4 that the runtime owns."""

import struct
from collections import Counter, defaultdict

from schemas.codec import GENESIS_HASH, decode_envelope, decode_payload, decode_state, is_link
from schemas.errors import PoisonError
from schemas.ids import TenantId
from schemas.messages.envelope import Envelope
from schemas.messages.runtime.messages import DeadLetter
from streams.replay import Replay, state_digest
from streams.state_key import POSITIONS_KEY, parse_state_key
from streams.wiring import Entry, Rules
from tests.simulation.log import Log
from topics import naming
from topics.partition import partition_of

Cause = tuple[str, int, int]


def check(log: Log, rules: Rules, tenants: tuple[str, ...]) -> None:
    """Check everything."""
    sequenced = facts(log)
    for tenant in tenants:
        chain_is_whole([pair for pair in sequenced if pair[0].tenant_id == tenant])
        state_follows_from_facts(log, rules, TenantId(tenant))
    each_command_has_one_outcome(log, [envelope for envelope, _ in sequenced])


def facts(log: Log) -> list[tuple[Envelope, bytes]]:
    """Give every sequenced record in the order of its tenant."""
    found = []
    for topic in log.layout.facts:
        for record in log.everything(topic):
            envelope = decode_envelope(record.value)
            if envelope.sequence is not None:
                found.append((envelope, record.value or b""))
    return sorted(found, key=lambda pair: (pair[0].tenant_id, pair[0].sequence or 0))


def chain_is_whole(pairs: list[tuple[Envelope, bytes]]) -> None:
    """I3, I10: no gap, no second copy, each record follows from the one before, causes in input order."""
    before, at = GENESIS_HASH, 0
    newest: dict[str, int] = {}
    versions: dict[tuple[str | None, str | None], int] = defaultdict(int)
    for number, (envelope, value) in enumerate(pairs, 1):
        assert envelope.sequence == number
        assert is_link(value, envelope, before)
        assert envelope.occurred_at >= at
        before, at = envelope.hash or b"", envelope.occurred_at
        topic, offset = envelope.cause_topic or "", envelope.cause_offset or 0
        assert offset >= newest.get(topic, 0), "causes of one topic in their order"
        newest[topic] = offset
        if envelope.aggregate_id is not None:
            aggregate = (envelope.aggregate_type, envelope.aggregate_id)
            assert envelope.aggregate_version == versions[aggregate] + 1
            versions[aggregate] += 1
    assert len({envelope.event_id for envelope, _ in pairs}) == len(pairs)


def state_follows_from_facts(log: Log, rules: Rules, tenant_id: TenantId) -> None:
    """I4: the changelog's state has the digest that the facts alone yield."""
    number = partition_of(tenant_id, log.layout.partitions)
    replay = Replay(rules, copies_of_system=False)
    for envelope, value in facts(log):
        if envelope.tenant_id == tenant_id:
            replay.take(envelope, value)
    held = log.state.get(number, {})
    live = [
        (parse_state_key(key), Entry(*decode_state(value)))
        for key, value in held.items()
        if key != POSITIONS_KEY
    ]
    replayed = state_digest(replay.finish().entries.items(), tenant_id)
    assert state_digest(live, tenant_id) == replayed


def each_command_has_one_outcome(log: Log, sequenced: list[Envelope]) -> None:
    """I1, I2: every input record ended as one whole outcome, one repeat, one dead letter, or was silent."""
    outcomes: Counter[Cause] = Counter()
    wanted: dict[Cause, int] = {}
    for envelope in sequenced:
        cause = _cause(envelope)
        outcomes[cause] += 1
        wanted[cause] = envelope.outcome_count or 0
    assert outcomes == Counter(wanted)
    for record in log.everything(naming.REJECTIONS):
        envelope = decode_envelope(record.value)
        if envelope.sequence is None:
            outcomes[_cause(envelope)] += 1
            assert outcomes[_cause(envelope)] == 1
    for record in log.everything(naming.DEAD_LETTERS):
        value = record.value or b""
        letter = decode_payload(struct.unpack_from(">bI", value)[1], value[5:])
        assert isinstance(letter, DeadLetter)
        cause = (letter.source_topic, letter.source_partition, letter.source_offset)
        outcomes[cause] += 1
        assert outcomes[cause] == 1
    commands = {r[:3] for r in log.everything(naming.COMMANDS)}
    decided = {cause for cause in outcomes if cause[0] == naming.COMMANDS}
    assert decided <= commands
    assert commands - decided == silent(log)


def silent(log: Log) -> set[Cause]:
    """Give the commands of the toy that are decided without a record."""
    found = set()
    known: set[tuple[str, str]] = set()
    for record in log.everything(naming.COMMANDS):
        try:
            envelope = decode_envelope(record.value)
        except PoisonError:
            continue
        name = (envelope.tenant_id, envelope.event_id)
        command = decode_payload(envelope.payload_schema_id, envelope.payload)
        if name not in known and getattr(command, "count", None) == 0:
            found.add(record[:3])
        known.add(name)
    return found


def _cause(envelope: Envelope) -> Cause:
    return envelope.cause_topic or "", envelope.cause_partition or 0, envelope.cause_offset or 0
