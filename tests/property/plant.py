"""One partition of the factory without a broker: real commands, real rules, real cycle, real changelog bytes."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from struct import unpack_from
from typing import Final, TypeVar

from msgspec import Struct

from query.decode import Raw
from query.record import Position
from query.verify.reader import JUDGED_INPUTS, build
from query.verify.run import Report, verify
from schemas.codec import (
    decode_envelope,
    decode_payload,
    decode_state,
    encode_envelope,
)
from schemas.ids import SYSTEM, PrincipalId
from schemas.messages.envelope import Envelope
from schemas.messages.runtime.messages import DeadLetter
from schemas.messages.runtime.state import InputPositions
from schemas.messages.workflow.messages import AgentTaskAssignment
from streams.decide import decide_records
from streams.keys import HmacLeaseKeys
from streams.layout import INTERNAL, ORDER, Layout
from streams.partition import Partition
from streams.records import InputRecord
from streams.run.seeds import PLATFORM_ADMIN
from streams.state_key import POSITIONS_KEY, parse_state_key
from streams.timers import timer_envelope
from streams.wiring import Decision, Entry, Key, Rejection, Store, standard_rules
from streams.work import Rulebook
from tests.simulation.envelopes import command_envelope
from tests.simulation.log import Log
from tests.unit.streams.test_decide import Untouched
from topics import naming
from topics.command import input_topic_of
from topics.partition import partition_of

START: Final = 1_790_000_000_000_000
HORIZON_US: Final = 24 * 3_600_000_000
HOME: Final = partition_of(SYSTEM)
TENANTS: Final = tuple(t for n in range(100) if partition_of(t := f"plant{n}") == HOME)[:2]
"""Tenants that share the partition of ``system``."""

Kind = TypeVar("Kind", bound=Struct)


class InjectedError(Exception):
    """A defect put into a decider on purpose."""


class Plant:
    """Appends inputs, runs cycles, commits them to a log in memory, restores from its changelog."""

    def __init__(self) -> None:
        self.log = Log(Layout(), START)
        self.broken: set[str] = set()
        """Command ids whose decider raises after it has done its work."""
        self.sent: list[tuple[str, AgentTaskAssignment]] = []
        self.commands: list[tuple[str, Envelope]] = []
        self.number = 0
        rules = standard_rules()
        self.rules = replace(rules, decide=self._breaking(rules.decide))
        self.book = Rulebook(
            rules=self.rules,
            layout=self.log.layout,
            keys=HmacLeaseKeys({"k1": b"x" * 32}),
            genesis=PrincipalId(PLATFORM_ADMIN),
            in_hand=Untouched(),
        )
        positions = dict.fromkeys(ORDER, 0)
        self.partition = Partition(HOME, Store(), positions, self.rules, horizon_us=HORIZON_US)

    def _breaking(
        self, decide: Callable[[Decision, Struct], Rejection | None]
    ) -> Callable[[Decision, Struct], Rejection | None]:
        def breaking(decision: Decision, command: Struct) -> Rejection | None:
            rejection = decide(decision, command)
            if decision.cause.message_id in self.broken:
                raise InjectedError(decision.cause.message_id)
            return rejection

        return breaking

    def send(
        self,
        tenant: str,
        command: Struct,
        actor: str,
        actor_type: str = "user",
        *,
        broken: bool = False,
    ) -> str:
        """Append a command at the broker's time; give its id."""
        self.number += 1
        envelope = command_envelope(
            command, tenant, self.number, self.log.now, actor_type=actor_type, actor=actor
        )
        command_id = envelope.event_id
        if broken:
            self.broken.add(command_id)
        topic = input_topic_of(envelope.event_type)
        self.commands.append((topic, envelope))
        self.again(topic, envelope)
        return command_id

    def again(self, topic: str, envelope: Envelope) -> None:
        """Append a command's record, once more if it was there before."""
        key = envelope.tenant_id.encode()
        self.log.append(topic, HOME, key, encode_envelope(envelope))

    def run(self, random: Random) -> None:
        """Decide what is there in cycles of any size, until nothing is left."""
        while any(self._pending(topic) for topic in ORDER):
            records = [
                record for topic in ORDER for record in self._pending(topic)[: random.randint(1, 9)]
            ]
            work = decide_records(self.partition, records, self.book)
            for output in work.outputs:
                if output.topic == naming.AGENT_MESH_TASKS:
                    self._assigned(output.value or b"")
            self.log.write(HOME, work.outputs)
            self.partition.expose(work.changes, work.positions, work.memory)
            self.partition.rearm(work.rearmed)

    def _pending(self, topic: str) -> list[InputRecord]:
        return self.log.read(topic, HOME, self.partition.positions[topic])

    def _assigned(self, value: bytes) -> None:
        envelope = decode_envelope(value)
        message = decode_payload(envelope.payload_schema_id, envelope.payload)
        if isinstance(message, AgentTaskAssignment):
            self.sent.append((envelope.tenant_id, message))

    def fire(self, *, late: bool = True) -> int:
        """Append a timer for what is due, twice as two owners of the partition might; give how many were."""
        if late:
            earliest = self.partition.deadlines.earliest()
            self.log.now = max(self.log.now, earliest or 0)
        due = self.partition.deadlines.take_due(self.log.now, 64)
        for deadline, key in due:
            value = encode_envelope(timer_envelope(deadline, key))
            for _ in range(2):
                self.log.append(naming.TIMERS, HOME, key.tenant_id.encode(), value)
        return len(due)

    def restore(self) -> None:
        """Begin again with what the changelog's bytes say."""
        held = self.log.state[HOME]
        mark, _ = decode_state(held[POSITIONS_KEY])
        assert isinstance(mark, InputPositions)
        assert mark.state_records == len(held) - 1
        store = Store()
        store.apply(
            {
                parse_state_key(key): Entry(*decode_state(value))
                for key, value in held.items()
                if key != POSITIONS_KEY
            }
        )
        store.sort()
        positions = {p.topic: p.next_offset for p in mark.positions}
        assert positions == self.partition.positions
        self.partition = Partition(HOME, store, positions, self.rules, horizon_us=HORIZON_US)

    def records(self, tenant: str, kind: type[Kind]) -> dict[str, Kind]:
        """Give a tenant's committed records of a kind."""
        return {
            key.record_id: entry.value
            for key, entry in self.partition.store.entries.items()
            if key.tenant_id == tenant and isinstance(entry.value, kind)
        }

    def entries(self) -> dict[Key, Entry]:
        """Give the committed state."""
        return dict(self.partition.store.entries)

    def facts(self, tenant: str) -> list[tuple[Envelope, Struct]]:
        """Give a tenant's sequenced records in their order."""
        found = []
        for topic in self.log.layout.facts:
            for record in self.log.read(topic, HOME):
                envelope = decode_envelope(record.value)
                if envelope.tenant_id == tenant and envelope.sequence is not None:
                    payload = decode_payload(envelope.payload_schema_id, envelope.payload)
                    found.append((envelope, payload))
        return sorted(found, key=lambda pair: pair[0].sequence or 0)

    def refusals(self) -> list[str]:
        """Give the codes of all refusals."""
        return [
            str(getattr(payload, "code", ""))
            for tenant in (*TENANTS, SYSTEM)
            for envelope, payload in self.facts(tenant)
            if envelope.kind == "rejection"
        ]

    def set_aside(self) -> list[str]:
        """Give the ids of the commands that became dead letters."""
        found = []
        for record in self.log.everything(naming.DEAD_LETTERS):
            value = record.value or b""
            letter = decode_payload(unpack_from(">bI", value)[1], value[5:])
            assert isinstance(letter, DeadLetter)
            source = self.log.read(letter.source_topic, HOME, letter.source_offset)[0]
            found.append(decode_envelope(source.value).event_id)
        return found

    def verified(self) -> Report:
        """Let the stranger's checks look at the log."""
        raws = (
            Raw(Position(topic, number, r.offset), r.appended_at, r.key, r.value, list)
            for (topic, number), records in self.log.records.items()
            if topic in {*JUDGED_INPUTS, *self.log.layout.facts, naming.DEAD_LETTERS}
            for r in records
        )
        decided = {t: self.partition.positions[t] for t in ORDER if t not in INTERNAL}
        return verify([build(raws, HOME, decided)])
