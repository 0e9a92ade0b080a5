"""What must hold of jars and marbles: a model of the toy, and when a deadline may fire (settled.md 21)."""

from typing import NamedTuple

from schemas.codec import decode_payload
from schemas.ids import SYSTEM
from schemas.messages.runtime.commands import FireTimer
from schemas.messages.runtime.facts import CommandRejected
from streams.layout import INTERNAL
from tests.integration.streams.toy import AddMarbles, JarSpilled, MarbleRulePublished, MarblesAdded
from tests.simulation.check_state import ahead_of
from tests.simulation.evidence import Evidence, Seen
from tests.simulation.history import SKEW_US
from tests.simulation.log import Commit
from tests.simulation.violation import hold
from topics import naming


class Jar(NamedTuple):
    """A jar by the model."""

    total: int = 0
    spills_at: int | None = None


def jars_are_right(evidence: Evidence) -> None:
    """Totals add up; a jar spills once for a deadline, that it waited for, and not before it."""
    for tenant, all_seen in evidence.sequenced.items():
        jars: dict[str, Jar] = {}
        for seen in all_seen:
            fact = seen.payload
            if isinstance(fact, MarblesAdded):
                jar = jars.get(fact.jar_id, Jar())
                right = fact.total == jar.total + fact.count
                hold("I4", right, f"{tenant}: {fact.jar_id} holds {fact.total}, it was {jar.total}")
                jars[fact.jar_id] = Jar(fact.total, fact.spills_at)
            elif isinstance(fact, JarSpilled):
                jar = jars.get(fact.jar_id, Jar())
                waited = jar.spills_at == fact.deadline and jar.total == fact.lost
                hold("T", waited, f"{tenant}: {fact.jar_id} did not wait for {fact.deadline}")
                early = fact.deadline - seen.envelope.occurred_at
                hold("T", early <= 0, f"{tenant}: {fact.jar_id} spilled {early} µs early")
                jars[fact.jar_id] = Jar()


def rules_are_those_named(evidence: Evidence) -> None:
    """C: how many marbles may come in follows from the rule at the catalogue position that the record names."""
    most = {0: 1_000_000}
    for seen in evidence.sequenced.get(SYSTEM, ()):
        fact = seen.payload
        if isinstance(fact, MarbleRulePublished):
            most[seen.envelope.sequence or 0] = fact.most
    for tenant, all_seen in evidence.sequenced.items():
        for seen in all_seen if tenant != SYSTEM else ():
            asked = evidence.inputs[seen.cause][1]
            command = decode_payload(asked.payload_schema_id, asked.payload) if asked else None
            if not isinstance(command, AddMarbles) or evidence.refuses_the_id(seen.cause):
                continue
            at = max(p for p in most if p <= (seen.envelope.catalogue_position or 0))
            allowed = 0 <= command.count <= most[at]
            refused = isinstance(seen.payload, CommandRejected)
            hold("C", refused != allowed, f"{seen.place}: {command.count} of at most {most[at]}")


def deadlines_overtake_nothing(evidence: Evidence) -> None:
    """Check that a deadline fires only when all that its tenant sent before was decided, but for a clock's skew (T)."""
    before: dict[int, Commit] = {}
    decided: dict[int, list[Seen]] = {}
    for tenant in evidence.sequenced.values():
        for seen in tenant:
            if seen.cause[0] == naming.TIMERS:
                decided.setdefault(id(seen.record.value), []).append(seen)
    values = {seen.record.value: seen for group in decided.values() for seen in group}
    for commit in evidence.log.commits:
        for output in commit.outputs:
            timed = values.get(output.value) if output.topic != naming.REJECTIONS else None
            if timed is not None:
                _overtakes_nothing(evidence, timed, before.get(commit.partition))
        if commit.after:
            before[commit.partition] = commit


def _overtakes_nothing(evidence: Evidence, timed: Seen, before: Commit | None) -> None:
    positions = before.after if before is not None else {}
    ahead = ahead_of(before) if before is not None else {}
    asked = evidence.inputs[timed.cause][1]
    timer = decode_payload(asked.payload_schema_id, asked.payload) if asked else None
    assert isinstance(timer, FireTimer)
    for topic in evidence.log.layout.inputs:
        if topic in INTERNAL:
            continue
        for record in evidence.log.read(topic, timed.cause[1], positions.get(topic, 0)):
            is_another = record.key != timed.envelope.tenant_id.encode()
            if is_another or record.offset in ahead.get(topic, ()):
                continue
            late = timer.deadline - SKEW_US - record.appended_at
            hold("T", late < 0, f"{timed.place} overtook {topic}:{record.offset} by {late} µs")
