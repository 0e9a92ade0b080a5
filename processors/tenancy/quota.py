"""Reserve, settle, release: the promise is that nothing is admitted beyond a hard limit.

What a model has already spent cannot be undone, so the worst case is reserved before work is handed
out, in all dimensions at once, and the true amount is settled afterwards (settled.md 22). Amounts are
whole numbers by dimension: counts, tokens, cost in 10^-6 of the currency. Everything is charged to the
tenant's ledger, and to the project's where the project has limits of its own.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from processors.contract import Rejection
from processors.decision import Decision
from processors.tenancy import reports
from processors.tenancy.dimensions import BY_COUNT
from processors.tenancy.ledger import AMOUNT_MAX, rolled
from processors.tenancy.scopes import Whom, agent_ledger, ledgers_of, named, whom_of
from processors.tenancy.state import TENANT_LEDGER, QuotaLedger, QuotaLine, QuotaReservation
from schemas.ids import LedgerId, ProjectId, ReservationId
from schemas.messages.tenancy.facts import (
    QuotaAmount,
    QuotaReleased,
    QuotaReserved,
    QuotaSettled,
    QuotaUse,
)

COST: Final = "cost.amount"

RESERVATION_MAX: Final = 10**12
"""Largest amount that one reservation may hold of a dimension: a million of the currency, or as many
tokens as no model reads; far enough below an Avro long that no sum of open reservations reaches it."""


class Shortage(NamedTuple):
    """A hard limit that stands against an admission; ``scope`` is the ledger: 'tenant' or a project."""

    dimension: str
    limit: int
    used: int
    reserved: int
    wanted: int
    scope: LedgerId


def shortage(
    decision: Decision,
    amounts: Mapping[str, int],
    project_id: ProjectId | None,
    agent_role: str | None = None,
) -> Shortage | None:
    """Give the first hard limit that these amounts would break now, or None; records nothing."""
    for ledger_id in ledgers_of(decision.tables, Whom(project_id, agent_role)):
        for line in _short(reports.ledger(decision, ledger_id), decision.at, amounts):
            if line.hard:
                return _shortage(ledger_id, line, amounts)
    return None


def reserve(
    decision: Decision,
    reservation_id: ReservationId,
    amounts: Mapping[str, int],
    project_id: ProjectId | None,
    *,
    agent_role: str | None = None,
    agent_id: str | None = None,
) -> Rejection | None:
    """Set the amounts aside, all or none: QuotaReserved; charged to the tenant and to whom else is named.

    Beyond a hard limit: QuotaExceeded once a window, and QUOTA_EXCEEDED (BUDGET_EXCEEDED for cost);
    retryable where the amount alone is within the limit. Soft limits only report. An id that is
    reserved already: ALREADY_EXISTS. More than RESERVATION_MAX: LIMIT_EXCEEDED.
    """
    wanted = _bounded(amounts)
    misuse = _misuse(decision, reservation_id, wanted)
    if misuse is not None:
        return misuse
    whom = named(decision.tables, Whom(project_id, agent_role, agent_id))
    scopes = ledgers_of(decision.tables, whom)
    reports.open_windows(decision, scopes)
    short = [
        (ledger_id, line)
        for ledger_id in scopes
        for line in _short(reports.ledger(decision, ledger_id), decision.at, wanted)
    ]
    refusing = [(ledger_id, line) for ledger_id, line in short if line.hard]
    if refusing:
        reports.exceeded(decision, refusing, wanted)
        return _refusal(_shortage(*refusing[0], wanted))
    decision.record(
        QuotaReserved(
            ledger_id=TENANT_LEDGER,
            reservation_id=reservation_id,
            amounts=_amounts(wanted),
            **whom._asdict(),
        )
    )
    _hold_promise(decision, scopes, wanted)
    reports.exceeded(decision, short, wanted)
    reports.warn(decision, scopes, wanted)
    return None


def settle(decision: Decision, reservation_id: ReservationId, actual: Mapping[str, int]) -> None:
    """Count what was used in place of what was reserved, in the reservation's windows: QuotaSettled.

    A dimension that is reserved and not in ``actual`` was not used, but for those that count by being
    settled (BY_COUNT). Beyond a limit: QuotaOverrun, and the next admission is refused. An unknown or ended
    reservation: nothing.
    """
    reservation = decision.tables.get(QuotaReservation, reservation_id)
    if reservation is None:
        return
    reserved = {amount.dimension: amount.amount for amount in reservation.amounts}
    counted = {d: amount for d, amount in reserved.items() if d in BY_COUNT}
    fact = QuotaSettled(
        ledger_id=TENANT_LEDGER,
        reservation_id=reservation_id,
        reserved=_amounts(reserved),
        actual=_uses({**counted, **_bounded(actual)}),
        **whom_of(reservation)._asdict(),
    )
    _count(decision, fact, reservation.reserved_at)


def release(decision: Decision, reservation_id: ReservationId, reason: str) -> None:
    """Give a reservation back unused: QuotaReleased. An unknown or ended one: nothing."""
    reservation = decision.tables.get(QuotaReservation, reservation_id)
    if reservation is None:
        return
    whom = whom_of(reservation)
    reports.open_windows(decision, ledgers_of(decision.tables, whom))
    decision.record(
        QuotaReleased(
            ledger_id=TENANT_LEDGER,
            reservation_id=reservation_id,
            amounts=_amounts({a.dimension: a.amount for a in reservation.amounts}),
            reason=reason,
            **whom._asdict(),
        )
    )


def is_limited(
    decision: Decision, dimension: str, project_id: ProjectId | None, agent_role: str | None = None
) -> bool:
    """Tell whether a limit of that dimension stands anywhere that it would be charged to."""
    return any(
        line.dimension == dimension
        for ledger_id in ledgers_of(decision.tables, Whom(project_id, agent_role))
        for line in reports.ledger(decision, ledger_id).lines
    )


def agent_amounts(decision: Decision, agent_id: str) -> dict[str, int]:
    """Give what one claim of the agent is charged with: one of each dimension that its ledger limits."""
    lines = reports.ledger(decision, agent_ledger(agent_id)).lines
    return {line.dimension: 1 for line in lines}


def meter(
    decision: Decision, amounts: Mapping[str, int], project_id: ProjectId | None, reason: str
) -> None:
    """Count usage that came without a reservation, such as a stale result's: QuotaSettled."""
    actual = _uses(_bounded(amounts))
    if actual:
        fact = QuotaSettled(
            ledger_id=TENANT_LEDGER,
            project_id=project_id,
            reserved=(),
            actual=actual,
            reason=reason,
        )
        _count(decision, fact, decision.at)


def _count(decision: Decision, fact: QuotaSettled, window_at: int) -> None:
    scopes = ledgers_of(decision.tables, whom_of(fact))
    reports.open_windows(decision, scopes)
    overruns = [
        overrun
        for ledger_id in scopes
        for overrun in reports.overruns_of(decision, ledger_id, fact, window_at)
    ]
    decision.record(fact)
    for overrun in overruns:
        decision.record(overrun)
    reports.warn(decision, scopes, {use.dimension: use.amount for use in fact.actual})


def _misuse(
    decision: Decision, reservation_id: ReservationId, wanted: Mapping[str, int]
) -> Rejection | None:
    if decision.tables.get(QuotaReservation, reservation_id) is not None:
        return Rejection(
            "ALREADY_EXISTS", "a reservation id is used once", "reservationId", got=reservation_id
        )
    for dimension, amount in wanted.items():
        if amount > RESERVATION_MAX:
            return Rejection(
                "LIMIT_EXCEEDED",
                "one reservation holds no more than can be counted",
                dimension,
                f"at most {RESERVATION_MAX}",
                str(amount),
            )
    return None


def _short(ledger: QuotaLedger, at: int, wanted: Mapping[str, int]) -> list[QuotaLine]:
    """List the lines that the amounts would break, each in the window of the instant."""
    return [
        line
        for line in rolled(ledger, at).lines
        if (amount := wanted.get(line.dimension))
        and line.used + line.reserved + amount > line.limit
    ]


def _shortage(ledger_id: LedgerId, line: QuotaLine, wanted: Mapping[str, int]) -> Shortage:
    return Shortage(
        line.dimension, line.limit, line.used, line.reserved, wanted[line.dimension], ledger_id
    )


def _refusal(short: Shortage) -> Rejection:
    return Rejection(
        "BUDGET_EXCEEDED" if short.dimension == COST else "QUOTA_EXCEEDED",
        f"the limit of {short.dimension} for {short.scope} is {short.limit}",
        field=short.dimension,
        expected=f"at most {max(0, short.limit - short.used - short.reserved)}",
        got=str(short.wanted),
        retryable=short.wanted <= short.limit,
    )


def _hold_promise(
    decision: Decision, scopes: Iterable[LedgerId], wanted: Mapping[str, int]
) -> None:
    """Check the promise where it is given: used + reserved <= limit on every hard line."""
    for ledger_id in scopes:
        for line in reports.ledger(decision, ledger_id).lines:
            counted = line.hard and line.dimension in wanted
            if counted and line.used + line.reserved > line.limit:
                raise AssertionError(f"{ledger_id}: {line.dimension} was admitted beyond its limit")


def _bounded(amounts: Mapping[str, int]) -> dict[str, int]:
    """Give the amounts that are not nothing, none larger than a line can count."""
    if any(amount < 0 for amount in amounts.values()):
        raise AssertionError(f"an amount is negative: {amounts}")
    return {dimension: min(amount, AMOUNT_MAX) for dimension, amount in amounts.items() if amount}


def _amounts(amounts: Mapping[str, int]) -> tuple[QuotaAmount, ...]:
    return tuple([QuotaAmount(dimension=d, amount=a) for d, a in amounts.items()])


def _uses(amounts: Mapping[str, int]) -> tuple[QuotaUse, ...]:
    return tuple([QuotaUse(dimension=d, amount=a) for d, a in amounts.items()])
