"""Invariants of reliability.md §4 that any log must hold, whatever the commands mean: I1 to I5, I7, I10."""

from collections import Counter, defaultdict
from typing import Final

from msgspec import Struct

from schemas.codec import GENESIS_HASH, decode_payload, is_link
from schemas.errors import PoisonError
from schemas.ids import SYSTEM
from schemas.messages.envelope import Envelope
from streams.head import context_of
from tests.integration.streams.toy import BUG, KILL, SILENT, AddMarbles
from tests.simulation.client import Sent
from tests.simulation.evidence import Cause, Evidence
from tests.simulation.violation import hold
from topics import naming

DEFECTIVE: Final = {"PROCESSOR_BUG": BUG, "POISON_CRASH": KILL}
"""Code of a dead letter -> the count of the toy's command that deserves it."""


def commands_have_one_end(evidence: Evidence) -> None:
    """I1, I2: every input ended as one whole outcome, one repeat or one dead letter; a silent one may be silent."""
    repeats = Counter(seen.cause for seen in evidence.repeats)
    for cause, outcome in evidence.outcomes.items():
        ordinals = sorted(seen.envelope.ordinal or 0 for seen in outcome)
        count = outcome[0].envelope.outcome_count
        hold("I2", len(set(ordinals)) == len(ordinals), f"{cause} was decided twice")
        hold("I1", ordinals == list(range(count or 0)), f"{cause} has {ordinals} of {count}")
    for cause, envelope in evidence.commands.items():
        ends = (cause in evidence.outcomes) + repeats[cause] + len(evidence.letters.get(cause, ()))
        hold("I2", ends <= 1, f"{cause} has {ends} ends")
        hold("I1", ends == 1 or _is_silent(envelope), f"{cause} has no end")
    strays = {*evidence.outcomes, *repeats, *evidence.letters} - {*evidence.inputs}
    hold("I1", not strays, f"{strays} were never there")


def _is_silent(envelope: Envelope | None) -> bool:
    command = _command(envelope)
    return isinstance(command, AddMarbles) and command.count == SILENT


def _command(envelope: Envelope | None) -> Struct | None:
    try:
        return decode_payload(envelope.payload_schema_id, envelope.payload) if envelope else None
    except PoisonError:
        return None


def ids_are_decided_once(evidence: Evidence) -> None:
    """I2: of all inputs with one id, at most one was decided; and no record's id is used twice."""
    decided: dict[tuple[str, str], Cause] = {}
    for cause in evidence.outcomes:
        envelope = evidence.inputs[cause][1]
        if envelope is None or cause[0] == naming.TIMERS or evidence.refuses_the_id(cause):
            continue
        other = decided.setdefault((envelope.tenant_id, envelope.event_id), cause)
        hold("I2", other == cause, f"{envelope.event_id} was decided at {other} and at {cause}")
    written = [seen for tenant in evidence.sequenced.values() for seen in tenant]
    written += [*evidence.repeats, *evidence.messages]
    ids = Counter(seen.envelope.event_id for seen in written)
    hold("I2", max(ids.values(), default=0) <= 1, f"one id for two records: {ids.most_common(1)}")


def acknowledged_are_decided(evidence: Evidence, acknowledged: list[Sent]) -> None:
    """I1: what a client was told is in the log is there, and has its end."""
    there = {
        (envelope.tenant_id, envelope.event_id)
        for envelope in evidence.commands.values()
        if envelope is not None
    }
    for _, envelope in acknowledged:
        known = (envelope.tenant_id, envelope.event_id) in there
        hold("I1", known, f"{envelope.event_id} was acknowledged and is not there")


def letters_are_deserved(evidence: Evidence) -> None:
    """X: only what cannot be understood, and what a defect was put into, is set aside."""
    for cause, letters in evidence.letters.items():
        envelope = evidence.inputs[cause][1]
        for letter in letters:
            wanted = DEFECTIVE.get(letter.code)
            if wanted is None:
                continue
            command = _command(envelope)
            deserved = isinstance(command, AddMarbles) and command.count == wanted
            hold("X", deserved, f"{cause} was set aside: {letter.code}")


def order_is_whole(evidence: Evidence) -> None:
    """I3: sequences, context sequences and versions without gap, causes in their order, time not going back."""
    for tenant, all_seen in evidence.sequenced.items():
        newest: dict[str, int] = {}
        counted: dict[tuple[str | None, str | None], int] = defaultdict(int)
        at = 0
        for number, seen in enumerate(all_seen, 1):
            envelope = seen.envelope
            hold("I3", envelope.sequence == number, f"{tenant} has {envelope.sequence} at {number}")
            hold("I3", envelope.occurred_at >= at, f"{seen.place} is before the one before it")
            at = envelope.occurred_at
            topic, _, offset = seen.cause
            hold("I3", offset >= newest.get(topic, 0), f"{seen.place}: its cause overtook another")
            newest[topic] = offset
            context = context_of(seen.record.topic.split(".")[1], envelope.event_type)
            names: list[tuple[tuple[str | None, str | None], int | None]]
            names = [((context, None), envelope.context_sequence)]
            if envelope.aggregate_id is not None:
                aggregate = envelope.aggregate_type, envelope.aggregate_id
                names.append((aggregate, envelope.aggregate_version))
            for name, version in names:
                counted[name] += 1
                hold("I3", version == counted[name], f"{seen.place}: {name} is at {version}")


def chain_is_whole(evidence: Evidence) -> None:
    """I10: each record follows from the one before."""
    for all_seen in evidence.sequenced.values():
        before = GENESIS_HASH
        for seen in all_seen:
            links = is_link(seen.record.value or b"", seen.envelope, before)
            hold("I10", links, f"{seen.place} does not follow from the one before")
            before = seen.envelope.hash or b""


def owners_do_not_overlap(evidence: Evidence) -> None:
    """I5: once a later owner of a partition has written, no earlier one has; commits join up."""
    newest: dict[int, int] = defaultdict(int)
    after: dict[int, dict[str, int]] = {}
    for commit in evidence.log.commits:
        number = commit.partition
        hold(
            "I5",
            commit.writer >= newest[number],
            f"writer {commit.writer} wrote to {number} after {newest[number]}",
        )
        newest[number] = commit.writer
        if commit.after:
            before = after.get(number, {})
            back = [t for t, offset in before.items() if commit.after[t] < offset]
            said = f"a commit of writer {commit.writer} on {number} goes back on {back}"
            hold("I5", not back or commit.is_forgetful, said)
            after[number] = commit.after


def tenants_are_kept_apart(evidence: Evidence) -> None:
    """I7: what follows from a command is of its tenant, lies under its key, and says nothing of another."""
    for seen in [
        *(each for tenant in evidence.sequenced.values() for each in tenant),
        *evidence.repeats,
        *evidence.messages,
    ]:
        asked = evidence.inputs[seen.cause][1]
        tenant = seen.envelope.tenant_id
        hold("I7", asked is not None and asked.tenant_id == tenant, f"{seen.place} is of {tenant}")
        if seen not in evidence.messages:
            hold("I7", seen.record.key == tenant.encode(), f"{seen.place} lies under another key")
    tenants = [tenant for tenant in evidence.sequenced if tenant != SYSTEM]
    for number in evidence.numbers:
        for key, value in evidence.log.state.get(number, {}).items():
            owner = key.split(b"|", 1)[0].decode()
            foreign = [t for t in tenants if t != owner and t.encode() in value + key]
            hold("I7", not foreign, f"state {key!r} names {foreign}")
