"""What must hold of work given out: leases (I6), quotas (I8), policy first (I9), beside what a stranger checks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from query.decode import Raw
from query.record import Position
from query.verify.reader import JUDGED_INPUTS, build
from query.verify.run import verify
from schemas.messages.governance.facts import PolicyDecisionRecorded
from schemas.messages.tenancy.facts import (
    QuotaOverridden,
    QuotaReleased,
    QuotaReserved,
    QuotaSettled,
)
from schemas.messages.workflow import facts as said
from schemas.messages.workflow.messages import AgentTaskAssignment
from tests.simulation.evidence import Evidence, Seen
from tests.simulation.violation import hold
from tests.simulation.worker import token_hash
from topics import naming

NAMED: Final = {
    "NO_DECISION": "I9",
    "ASSIGNED_THOUGH_DENIED": "I9",
    "NO_OUTCOME": "I1",
    "OUTCOME_INCOMPLETE": "I1",
    "TWO_OUTCOMES": "I2",
    "WRONG_TENANT": "I7",
    "UNREADABLE": "I17",
}
"""Code of a finding of ``factory verify`` -> the invariant that it breaks; the rest by the name of the check."""
CHECKS: Final = {
    "hash chain": "I10",
    "sequence without gap": "I3",
    "aggregate versions": "I3",
    "cause and tenant": "I3",
    "decision, reservation, settlement": "I8",
    "quota never exceeded": "I8",
}


def a_stranger_finds_nothing(evidence: Evidence) -> None:
    """Hold what ``factory verify`` checks from the logs alone: the quota arithmetic too (I8, I9 and others)."""
    log = evidence.log
    topics = {*JUDGED_INPUTS, *log.layout.facts, naming.DEAD_LETTERS}
    for number in evidence.numbers:
        raws = (
            Raw(Position(topic, number, r.offset), r.appended_at, r.key, r.value, list)
            for topic in topics
            for r in log.read(topic, number)
        )
        decided = {t: at for t, at in log.positions.get(number, {}).items() if t in JUDGED_INPUTS}
        for check, findings in verify([build(raws, number, decided)]).findings.items():
            for finding in findings:
                invariant = NAMED.get(finding.code) or CHECKS.get(check, check)
                hold(
                    invariant,
                    holds=False,
                    said=f"{finding.code} {finding.position}: {finding.sentence}",
                )


@dataclass
class _Lease:
    """An attempt that somebody may work on."""

    attempt: int
    ends_at: int
    """When it ends without a sign of life, or whatever is said."""


def leases_are_single(evidence: Evidence) -> None:
    """I6: one live lease a task; only it is extended, completed or failed; it expires at its end and not before."""
    for tenant, all_seen in evidence.sequenced.items():
        live: dict[str, _Lease] = {}
        for seen in all_seen:
            fact = seen.payload
            if isinstance(fact, said.AgentTaskAssigned):
                hold(
                    "I6", fact.task_id not in live, f"{seen.place}: {live.get(fact.task_id)} lives"
                )
                right = fact.lease_token_hash == token_hash(tenant, fact.task_id, fact.attempt)
                hold("I6", right, f"{seen.place}: the token is not that of the attempt")
                ends_at = min(
                    fact.lease_expires_at, fact.deadline_at, fact.timeout_at or fact.deadline_at
                )
                live[fact.task_id] = _Lease(fact.attempt, ends_at)
            else:
                _follow(seen, fact, live)


def _follow(seen: Seen, fact: object, live: dict[str, _Lease]) -> None:
    """Follow what happens to a lease."""
    lease = live.get(getattr(fact, "task_id", ""))
    if isinstance(fact, said.AgentTaskClaimed | said.AgentLeaseExtended | said.AgentTaskProgressed):
        hold(
            "I6",
            lease is not None and lease.attempt == fact.attempt,
            f"{seen.place}: no such lease",
        )
    if isinstance(fact, said.AgentTaskCompleted | said.AgentTaskFailed | said.ValidationFailed):
        right = lease is not None and lease.attempt == fact.attempt
        hold("I6", right, f"{seen.place}: answered under {fact.attempt}, the lease is {lease}")
        live.pop(fact.task_id)
    if isinstance(fact, said.AgentTaskExpired):
        right = lease is not None and seen.envelope.occurred_at >= lease.ends_at
        hold("T", right, f"{seen.place}: expired before {lease}")
    if isinstance(fact, said.AgentTaskExpired | said.AgentTaskWithdrawn):
        live.pop(fact.task_id, None)


def assignments_are_facts(evidence: Evidence) -> None:
    """I6: each assignment that went out is a fact, went out once, with the attempt's own token."""
    known = {
        (seen.envelope.tenant_id, fact.task_id, fact.attempt)
        for tenant in evidence.sequenced.values()
        for seen in tenant
        if isinstance(fact := seen.payload, said.AgentTaskAssigned)
    }
    sent: set[tuple[str, str, int]] = set()
    for seen in evidence.messages:
        message = seen.payload
        if not isinstance(message, AgentTaskAssignment):
            continue
        attempt = message.tenant_id, message.task_id, message.attempt
        hold("I6", attempt in known, f"{seen.place} was sent and is no fact")
        hold("I6", attempt not in sent, f"{seen.place} was sent twice")
        sent.add(attempt)


def reservations_end(evidence: Evidence) -> None:
    """I8: when everything has ended, every reservation was settled or released, once."""
    for tenant, all_seen in evidence.sequenced.items():
        open_: set[str] = set()
        for seen in all_seen:
            fact = seen.payload
            if isinstance(fact, QuotaReserved):
                open_.add(fact.reservation_id)
            elif isinstance(fact, QuotaSettled | QuotaReleased) and fact.reservation_id is not None:
                hold("I8", fact.reservation_id in open_, f"{seen.place} ends nothing that is open")
                open_.discard(fact.reservation_id)
        hold("I8", not open_, f"{tenant} still holds {sorted(open_)}")


def policy_comes_first(evidence: Evidence) -> None:
    """I9: an assignment or a changed limit has an earlier Allow that names its rules and its bundle."""
    for all_seen in evidence.sequenced.values():
        decided: dict[str, PolicyDecisionRecorded] = {}
        for seen in all_seen:
            fact = seen.payload
            if isinstance(fact, PolicyDecisionRecorded):
                decided[fact.decision_id] = fact
                decided[seen.envelope.causation_id or ""] = fact
            for name in _decisions(seen, fact):
                decision = decided.get(name)
                hold("I9", decision is not None, f"{seen.place} has no decision before it")
                assert decision is not None
                allows = decision.effect != "Deny" and bool(decision.bundle_version)
                hold("I9", allows and bool(decision.determining_rules), f"{seen.place}: {decision}")


def _decisions(seen: Seen, fact: object) -> Iterator[str]:
    if isinstance(fact, said.AgentTaskAssigned):
        yield fact.decision_id
    elif isinstance(fact, QuotaOverridden):
        yield seen.envelope.causation_id or ""
