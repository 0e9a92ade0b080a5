"""I4: the state follows from the facts, and the same inputs decided again give the same records."""

from typing import Final

from schemas.codec import decode_state
from schemas.ids import SYSTEM, TenantId
from schemas.messages.runtime.state import InputPositions, TenantHead
from streams.ahead import Ahead, offsets_of
from streams.decide import decide_records
from streams.layout import Layout
from streams.partition import Partition
from streams.records import InputRecord, OutputRecord
from streams.replay import BrokenChainError, state_digest
from streams.state_key import POSITIONS_KEY, parse_state_key
from streams.wiring import Entry, Key, Rules, Store
from streams.work import Rulebook
from tests.simulation.evidence import Cause, Evidence
from tests.simulation.log import Commit, Log
from tests.simulation.violation import ViolationError, hold
from topics import naming
from topics.partition import partition_of

_MEMORY: Final = "CommandMemory"
_HEAD: Final = f"{SYSTEM}|TenantHead|head".encode()


def _mark(commit: Commit) -> InputPositions | None:
    for output in commit.outputs:
        if output.key == POSITIONS_KEY and output.value is not None:
            record, _ = decode_state(output.value)
            assert isinstance(record, InputPositions)
            return record
    return None


def positions_of(commit: Commit) -> dict[str, int]:
    """Give the positions that a commit's state names; none where it is a part of a rebuild's."""
    mark = _mark(commit)
    return {p.topic: p.next_offset for p in mark.positions} if mark is not None else {}


def ahead_of(commit: Commit) -> Ahead:
    """Give what had been decided ahead of the positions when they were committed."""
    mark = _mark(commit)
    if mark is None:
        return {}
    return {p.topic: offsets_of(p.decided_ahead) for p in mark.positions}


def stored(log: Log, number: int) -> dict[Key, Entry]:
    """Give the state of a partition as its changelog has it."""
    return {
        parse_state_key(key): Entry(*decode_state(value))
        for key, value in log.state.get(number, {}).items()
        if key != POSITIONS_KEY
    }


def state_follows_from_facts(evidence: Evidence) -> None:
    """Each tenant's state has the digest that its facts alone yield."""
    states = {number: stored(evidence.log, number) for number in evidence.numbers}
    for tenant in evidence.sequenced:
        try:
            replayed = evidence.replayed(tenant).finish().entries
        except BrokenChainError as error:
            raise ViolationError("I10", str(error)) from error
        live = states[partition_of(tenant, evidence.log.layout.partitions)]
        same = state_digest(live.items(), TenantId(tenant)) == state_digest(
            replayed.items(), TenantId(tenant)
        )
        hold("I4", same, f"the state of {tenant} does not follow from its facts")


def memory_is_the_state(evidence: Evidence, held: list[Partition]) -> None:
    """Check that what a living worker holds in memory is what its changelog says, record by record."""
    for partition in held:
        at = evidence.log.positions.get(partition.number)
        if at is None or partition.positions != at:
            continue  # it has not heard of a later owner yet
        same = partition.store.entries == stored(evidence.log, partition.number)
        hold("I4", same, f"memory of {partition.number} is not its changelog")


class _Attempts:
    """Says of a record how often it ended the process: what its dead letter says."""

    def __init__(self, evidence: Evidence) -> None:
        self._letters = evidence.letters

    def attempts(self, record: InputRecord) -> int:
        cause: Cause = record[:3]
        letters = self._letters.get(cause, [])
        return letters[0].attempts if letters and letters[0].code == "POISON_CRASH" else 0

    def take(self, _record: InputRecord) -> None:
        """Note nothing."""


class Rerun:
    """Decides the inputs of a history once more, without a fault, batch by batch as they were committed."""

    def __init__(
        self, evidence: Evidence, book: Rulebook, begun: dict[int, Partition], skipped: int = 0
    ) -> None:
        self._evidence = evidence
        self._book = Rulebook(
            rules=book.rules,
            layout=book.layout,
            keys=book.keys,
            genesis=book.genesis,
            in_hand=_Attempts(evidence),
        )
        self._partitions = begun
        self._skipped = skipped

    def check(self) -> None:
        """Compare what each commit wrote with what its inputs yield now, byte for byte."""
        for commit in self._evidence.log.commits[self._skipped :]:
            if commit.after:
                self._check(commit)
            else:
                self._catch_up(commit)

    def _catch_up(self, commit: Commit) -> None:
        """Take over what a rebuild knows otherwise: of the catalogue before its copies came, of command ids, positions.

        Where it did not know the group's offsets its positions go back, and what was silent is decided again.
        """
        before = self._partitions[commit.partition]
        rebuilt = {
            parse_state_key(output.key or b""): Entry(*decode_state(output.value))
            for output in commit.outputs
            if output.key != POSITIONS_KEY and output.value is not None
        }
        mark = positions_of(commit)
        entries = dict(before.store.entries)
        if rebuilt:
            entries = {k: e for k, e in entries.items() if k.kind != _MEMORY}
            entries |= {
                k: e for k, e in rebuilt.items() if k.kind == _MEMORY or k.tenant_id == SYSTEM
            }
        store = Store()
        store.apply({**entries})
        store.sort()
        self._partitions[commit.partition] = Partition(
            before.number,
            store,
            mark or before.positions,
            self._book.rules,
            horizon_us=before.memory.horizon_us,
            ahead=ahead_of(commit) if mark else before.ahead,
        )

    def _check(self, commit: Commit) -> None:
        partition = self._partitions[commit.partition]
        batch = self._batch(partition, commit)
        work = decide_records(partition, batch, self._book, commit.after)
        partition.expose(work.changes, work.positions, work.memory, work.ahead)
        again = [output for output in work.outputs if output.topic != naming.STATE]
        first = [output for output in commit.outputs if output.topic != naming.STATE]
        for one, other in zip(first, again, strict=False):
            hold("I4", one == other, f"decided again, {one.topic} gets another record")
        hold("I4", len(again) == len(first), "decided again, there are other records")

    def _batch(self, partition: Partition, commit: Commit) -> list[InputRecord]:
        log, ahead = self._evidence.log, ahead_of(commit)
        return [
            record
            for topic in self._book.layout.inputs
            for record in log.read(topic, commit.partition, partition.positions[topic])
            if record.offset < commit.after[topic] or record.offset in ahead.get(topic, ())
        ]


def catalogue_is_what_was_seen(evidence: Evidence, skipped: int = 0, known: int = 0) -> None:
    """Each record names the newest fact of ``system`` that its partition had read (settled.md 25).

    Counted from the logs: copies below the commit's position; at home, the facts decided before it.
    """
    layout = evidence.log.layout
    home = partition_of(SYSTEM, layout.partitions)
    copies = {n: _sequences(evidence.log, n) for n in evidence.numbers}
    envelopes = {
        seen.record.value: seen.envelope
        for tenant in evidence.sequenced.values()
        for seen in tenant
    }
    own, ahead = known, dict.fromkeys(evidence.numbers, 0)
    for commit in evidence.log.commits[skipped:]:
        number = commit.partition
        for output in commit.outputs:
            if not commit.after and output.key == _HEAD:
                ahead[number] = max(ahead[number], _sequence(output))
            envelope = envelopes.get(output.value)
            if envelope is None or output.topic == naming.CATALOGUE or not commit.after:
                continue
            if envelope.tenant_id == SYSTEM:
                own = envelope.sequence or 0
                continue
            read = own
            if number != home:
                copied = copies[number][: commit.after[naming.CATALOGUE]]
                read = max([ahead[number], *copied])
            said = envelope.catalogue_position
            hold("C", said == read, f"{envelope.event_type} names {said}, {read} was read")


def _sequence(head: OutputRecord) -> int:
    record, _ = decode_state(head.value or b"")
    assert isinstance(record, TenantHead)
    return record.sequence


def _sequences(log: Log, number: int) -> list[int]:
    from schemas.codec import decode_envelope  # noqa: PLC0415

    return [decode_envelope(r.value).sequence or 0 for r in log.read(naming.CATALOGUE, number)]


def resume(log: Log, rules: Rules, numbers: list[int], horizon_s: int) -> dict[int, Partition]:
    """Give partitions that go on from where a log stands."""
    found = {}
    for number in numbers:
        store = Store()
        store.apply({**stored(log, number)})
        store.sort()
        positions = dict(log.positions[number])
        found[number] = Partition(number, store, positions, rules, horizon_us=horizon_s * 1_000_000)
    return found


def begin(layout: Layout, evidence: Evidence, horizon_us: int) -> dict[int, Partition]:
    """Give empty partitions."""
    return {
        n: Partition(
            n, Store(), dict.fromkeys(layout.inputs, 0), evidence.rules, horizon_us=horizon_us
        )
        for n in evidence.numbers
    }
