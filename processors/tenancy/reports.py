"""What a ledger reports besides reservations: exceeded, nearly exceeded, overrun and ended windows.

Each once a window and line; which windows were reported stands in the ledger itself.
Source: domain.md §2 (threshold and exceeded events once per window), settled.md 22.
"""

from collections.abc import Iterable, Mapping

from processors.decision import Decision
from processors.tenancy.ledger import AMOUNT_MAX, EMPTY, closed_window, ended, warn_level
from processors.tenancy.scopes import project_of
from processors.tenancy.state import QuotaClosedWindow, QuotaLedger, QuotaLine
from processors.tenancy.windows import start_of
from schemas.ids import LedgerId
from schemas.messages.tenancy.facts import (
    QuotaExceeded,
    QuotaOverrun,
    QuotaReset,
    QuotaSettled,
    QuotaThresholdCrossed,
    QuotaWindowClosed,
)


def ledger(decision: Decision, ledger_id: LedgerId) -> QuotaLedger:
    """Give a ledger; one without limits where there is none."""
    return decision.tables.get(QuotaLedger, ledger_id) or EMPTY


def exceeded(
    decision: Decision,
    short: Iterable[tuple[LedgerId, QuotaLine]],
    wanted: Mapping[str, int],
) -> None:
    """Report the lines that an admission goes beyond, those of this window that were not yet."""
    for ledger_id, line in short:
        if not line.exceeded:
            decision.record(
                QuotaExceeded(
                    ledger_id=ledger_id,
                    project_id=project_of(ledger_id),
                    dimension=line.dimension,
                    window=line.window,
                    window_start=line.window_start,
                    limit=line.limit,
                    used=line.used,
                    reserved=line.reserved,
                    wanted=wanted[line.dimension],
                    hard=line.hard,
                )
            )


def warn(decision: Decision, scopes: Iterable[LedgerId], touched: Mapping[str, int]) -> None:
    """Report, once a window, the lines that reached their warning level."""
    for ledger_id in scopes:
        for line in ledger(decision, ledger_id).lines:
            if line.warned or line.dimension not in touched:
                continue
            counted = line.used + line.reserved
            if counted and counted * 100 >= warn_level(line):
                decision.record(
                    QuotaThresholdCrossed(
                        ledger_id=ledger_id,
                        project_id=project_of(ledger_id),
                        dimension=line.dimension,
                        window=line.window,
                        window_start=line.window_start,
                        limit=line.limit,
                        used=line.used,
                        reserved=line.reserved,
                        warn_at_percent=line.warn_at_percent,
                    )
                )


def overruns_of(
    decision: Decision, ledger_id: LedgerId, fact: QuotaSettled, window_at: int
) -> Iterable[QuotaOverrun]:
    """Give the overruns that a settlement will be, to be recorded after it.

    Found before it, because a closed window is gone once its last reservation has ended.
    """
    reserved = {amount.dimension: amount.amount for amount in fact.reserved}
    actual = {use.dimension: use.amount for use in fact.actual}
    for line in ledger(decision, ledger_id).lines:
        before, after = reserved.get(line.dimension, 0), actual.get(line.dimension, 0)
        if after <= before:
            continue
        window = line if window_at >= line.window_start else closed_window(line, window_at)
        if window is not None:
            excess = window.used + window.reserved + after - before - window.limit
            if excess > 0:
                yield _overrun(
                    fact, ledger_id, line, window, used=after, reserved=before, excess=excess
                )


def _overrun(
    fact: QuotaSettled,
    ledger_id: LedgerId,
    line: QuotaLine,
    window: QuotaLine | QuotaClosedWindow,
    *,
    used: int,
    reserved: int,
    excess: int,
) -> QuotaOverrun:
    return QuotaOverrun(
        ledger_id=ledger_id,
        project_id=project_of(ledger_id),
        dimension=line.dimension,
        window=line.window,
        window_start=window.window_start,
        limit=window.limit,
        used=min(window.used + used, AMOUNT_MAX),
        reserved=window.reserved - reserved,
        reservation_id=fact.reservation_id,
        excess=excess,
    )


def open_windows(decision: Decision, scopes: Iterable[LedgerId]) -> None:
    """Begin the windows that time has reached: QuotaReset for a ledger where one has ended."""
    for ledger_id in scopes:
        closing = ended(ledger(decision, ledger_id), decision.at)
        if closing:
            decision.record(
                QuotaReset(
                    ledger_id=ledger_id,
                    project_id=project_of(ledger_id),
                    lines=tuple(_closing(line, decision.at) for line in closing),
                ),
                by_engine=True,
            )


def _closing(line: QuotaLine, at: int) -> QuotaWindowClosed:
    return QuotaWindowClosed(
        dimension=line.dimension,
        window=line.window,
        window_start=line.window_start,
        next_window_start=start_of(line.window, at),
        used=line.used,
        reserved=line.reserved,
    )
