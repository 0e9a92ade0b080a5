"""Work given out: one policy decision before it, one reservation for it, one end of the reservation (settled.md 22).

Reservations of instances are judged alike: made once, and ended once the instance has ended.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct

from query.verify.log import Entry, Finding, Log, found, of_type
from schemas.messages.governance.facts import PolicyDecisionRecorded
from schemas.messages.tenancy.facts import QuotaReleased, QuotaReserved, QuotaSettled
from schemas.messages.workflow import facts as said

LATE_US: Final = 600_000_000
"""How long after its deadline a settlement by timer may be missing while the tenant's facts go on: workers may have
been down, and a timer fires only after what was queued before it (settled.md 21)."""

_ENDED_AT_ONCE: Final[tuple[type[Struct], ...]] = (said.AgentTaskCompleted, said.AgentTaskFailed)
_SETTLED_LATER: Final[tuple[type[Struct], ...]] = (said.AgentTaskExpired, said.AgentTaskWithdrawn)
_INSTANCE_ENDS: Final[tuple[type[Struct], ...]] = (
    said.WorkflowInstanceCompleted,
    said.WorkflowInstanceFailed,
    said.WorkflowInstanceCancelled,
)


class _Promise(NamedTuple):
    """A reservation that something was given out on: where, which, and what the thing is."""

    entry: Entry
    reservation_id: str
    of_attempt: tuple[str, int]
    """(task id, attempt), or (instance id, 0)."""


class _Ledger:
    """What a tenant's facts say of decisions and reservations, by id."""

    def __init__(self, entries: list[Entry]) -> None:
        self.decisions: dict[str, tuple[int, str]] = {}
        self.made: dict[str, list[Entry]] = defaultdict(list)
        self.ended: dict[str, list[Entry]] = defaultdict(list)
        self.newest_at = max((entry.envelope.occurred_at for entry in entries), default=0)
        for entry, decision in of_type(entries, PolicyDecisionRecorded):
            self.decisions.setdefault(decision.decision_id, (entry.sequence, decision.effect))
        for entry, reserved in of_type(entries, QuotaReserved):
            self.made[reserved.reservation_id].append(entry)
        for entry in entries:
            end = entry.payload
            if isinstance(end, QuotaSettled | QuotaReleased) and end.reservation_id is not None:
                self.ended[end.reservation_id].append(entry)


def check(log: Log) -> Iterator[Finding]:
    """Find assignments without their decision or reservation, and reservations doubly ended or never."""
    for entries in log.by_tenant.values():
        ledger = _Ledger(entries)
        promises = list(_promises(entries))
        for entry, assigned in of_type(entries, said.AgentTaskAssigned):
            yield from _decided(ledger, entry, assigned.decision_id)
        yield from _reserved(ledger, promises)
        yield from _ends(ledger)
        yield from _missing_ends(ledger, promises, _due(entries))


def _promises(entries: list[Entry]) -> Iterator[_Promise]:
    for entry, assigned in of_type(entries, said.AgentTaskAssigned):
        yield _Promise(entry, assigned.reservation_id, (assigned.task_id, assigned.attempt))
    for entry, started in of_type(entries, said.WorkflowInstanceStarted):
        yield _Promise(entry, started.reservation_id, (started.workflow_instance_id, 0))


def _decided(ledger: _Ledger, entry: Entry, decision_id: str) -> Iterator[Finding]:
    sequence, effect = ledger.decisions.get(decision_id, (0, ""))
    if not sequence or sequence > entry.sequence:
        yield found("NO_DECISION", entry, f"no decision {decision_id} comes before the assignment")
    elif effect == "Deny":
        yield found("ASSIGNED_THOUGH_DENIED", entry, f"decision {decision_id} denies it")


def _reserved(ledger: _Ledger, promises: list[_Promise]) -> Iterator[Finding]:
    users: dict[str, _Promise] = {}
    for promise in promises:
        identity = promise.reservation_id
        made = ledger.made.get(identity, [])
        if not made or made[0].sequence > promise.entry.sequence:
            yield found(
                "NO_RESERVATION", promise.entry, f"no reservation {identity} comes before it"
            )
        if users.setdefault(identity, promise) is not promise:
            yield found(
                "RESERVATION_SHARED",
                promise.entry,
                f"reservation {identity} is that of {users[identity].entry.position} already",
            )


def _ends(ledger: _Ledger) -> Iterator[Finding]:
    for identity, made in ledger.made.items():
        for again in made[1:]:
            yield found("TWO_RESERVATIONS", again, f"reservation {identity} was made already")
    for identity, ended in ledger.ended.items():
        for again in ended[1:]:
            yield found("TWO_SETTLEMENTS", again, f"reservation {identity} had ended already")
        made = ledger.made.get(identity, [])
        if not made or made[0].sequence > ended[0].sequence:
            yield found(
                "SETTLED_UNRESERVED", ended[0], f"no reservation {identity} was made before it"
            )


def _due(entries: list[Entry]) -> dict[tuple[str, int], tuple[Entry, int]]:
    """Give what has ended and when its reservation must have: (thing, attempt) -> (entry, instant)."""
    due: dict[tuple[str, int], tuple[Entry, int]] = {}
    for entry in entries:
        payload = entry.payload
        if isinstance(payload, _ENDED_AT_ONCE):
            due[payload.task_id, payload.attempt] = entry, 0  # type: ignore[attr-defined]
        elif isinstance(payload, said.ValidationFailed):
            due.setdefault((payload.task_id, payload.attempt), (entry, 0))
        elif isinstance(payload, _SETTLED_LATER):
            settles_at = payload.settles_at  # type: ignore[attr-defined]
            at = 0 if settles_at is None else settles_at + LATE_US
            due.setdefault((payload.task_id, payload.attempt), (entry, at))  # type: ignore[attr-defined]
        elif isinstance(payload, _INSTANCE_ENDS):
            due[payload.workflow_instance_id, 0] = entry, 0  # type: ignore[attr-defined]
    return due


def _missing_ends(
    ledger: _Ledger,
    promises: list[_Promise],
    due: dict[tuple[str, int], tuple[Entry, int]],
) -> Iterator[Finding]:
    for promise in promises:
        if promise.reservation_id in ledger.ended or promise.of_attempt not in due:
            continue
        entry, at = due[promise.of_attempt]
        if at < ledger.newest_at:
            yield found(
                "NO_SETTLEMENT",
                entry,
                f"reservation {promise.reservation_id} of what ended here was never settled or released",
            )
