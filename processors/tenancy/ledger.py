"""Arithmetic of a quota ledger: pure functions from one ledger to the next.

A ledger holds one line for each limit. A line counts one window; a reservation belongs to the window
that it was made in, also when it is settled later (settled.md 22). A window that ends with open
reservations is therefore kept beside its line until the last of them has ended.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from msgspec.structs import replace

from processors.tenancy.dimensions import COMMANDS_RATE
from processors.tenancy.state import (
    QuotaClosedWindow,
    QuotaLedger,
    QuotaLimit,
    QuotaLine,
    QuotaReservation,
)
from processors.tenancy.windows import NEVER, end_of, start_of

EMPTY: Final = QuotaLedger(lines=(), edge_at=NEVER)
"""A ledger without a limit: everything is admitted."""

AMOUNT_MAX: Final = 10**18
"""Largest count of a line; beyond it a line stands still, because an Avro long must hold it."""

Source = Literal["edition", "tenant", "platform"]


def line_of(ledger: QuotaLedger, dimension: str, window: str) -> QuotaLine | None:
    """Give the line of a dimension and window, or None."""
    for line in ledger.lines:
        if line.dimension == dimension and line.window == window:
            return line
    return None


def _end_of(line: QuotaLine) -> int:
    """Give the end of the line's window; the ledger does not count commands, so that never ends."""
    return NEVER if line.dimension == COMMANDS_RATE else end_of(line.window, line.window_start)


def of_lines(lines: Iterable[QuotaLine]) -> QuotaLedger:
    """Give the ledger of these lines, with the instants that it waits for."""
    kept = tuple(lines)
    waiting = (_end_of(line) for line in kept if line.exceeded and line.hard)
    refused_until = min(waiting, default=NEVER)
    return QuotaLedger(
        lines=kept,
        edge_at=min(map(_end_of, kept), default=NEVER),
        waits_until=None if refused_until == NEVER else refused_until,
    )


def ended(ledger: QuotaLedger, at: int) -> tuple[QuotaLine, ...]:
    """Give the lines whose window has ended by then."""
    if at < ledger.edge_at:
        return ()
    return tuple(line for line in ledger.lines if _end_of(line) <= at)


def rolled(ledger: QuotaLedger, at: int) -> QuotaLedger:
    """Give the ledger with every line in the window that the instant lies in."""
    if at < ledger.edge_at:
        return ledger
    return of_lines(
        _next_window(line, at) if _end_of(line) <= at else line for line in ledger.lines
    )


def _next_window(line: QuotaLine, at: int) -> QuotaLine:
    closed = line.closed
    if line.reserved:
        ending = QuotaClosedWindow(
            window_start=line.window_start,
            limit=line.limit,
            used=line.used,
            reserved=line.reserved,
        )
        closed = (*closed, ending)
    return replace(
        line,
        window_start=start_of(line.window, at),
        used=0,
        reserved=0,
        warned=False,
        exceeded=False,
        closed=closed,
    )


def charged(
    ledger: QuotaLedger, window_at: int, reserved: Mapping[str, int], used: Mapping[str, int]
) -> QuotaLedger:
    """Give the ledger with amounts added to what is reserved (or taken off) and to what is used.

    ``window_at``: an instant in the windows concerned, that of the reservation.
    """
    return replace(
        ledger,
        lines=tuple(
            [  # a list comprehension is quicker than a generator, and this runs for every task
                _charged(
                    line, window_at, reserved.get(line.dimension, 0), used.get(line.dimension, 0)
                )
                if line.dimension in reserved or line.dimension in used
                else line
                for line in ledger.lines
            ]
        ),
    )


def _charged(line: QuotaLine, window_at: int, reserved: int, used: int) -> QuotaLine:
    if window_at < line.window_start:
        return replace(line, closed=_closed_charged(line, window_at, reserved, used))
    now_reserved = line.reserved + reserved
    if now_reserved < 0:
        raise AssertionError(f"{line.dimension}: more is given back than was reserved")
    now_used = min(line.used + used, AMOUNT_MAX)
    calm = line.window == "none" and (now_used + now_reserved) * 100 < warn_level(line)
    return replace(
        line,
        used=now_used,
        reserved=now_reserved,
        # Where no window ends, falling below the warning level ends the occasion to report.
        warned=line.warned and not calm,
        exceeded=line.exceeded and not calm,
    )


def _closed_charged(
    line: QuotaLine, window_at: int, reserved: int, used: int
) -> tuple[QuotaClosedWindow, ...]:
    own = closed_window(line, window_at)
    return tuple(
        window
        if window is not own
        else replace(
            window,
            reserved=window.reserved + reserved,
            used=min(window.used + used, AMOUNT_MAX),
        )
        for window in line.closed
        if window is not own or window.reserved + reserved > 0
    )


def closed_window(line: QuotaLine, window_at: int) -> QuotaClosedWindow | None:
    """Give the earlier window that the instant lies in; None where nothing of it is open."""
    for window in line.closed:
        if window.window_start <= window_at < end_of(line.window, window.window_start):
            return window
    return None


def warn_level(line: QuotaLine) -> int:
    """Give a hundred times the amount at which the line warns."""
    return line.limit * line.warn_at_percent


def limited(
    ledger: QuotaLedger,
    limit: QuotaLimit,
    source: Source,
    at: int,
    reservations: Iterable[QuotaReservation],
) -> QuotaLedger:
    """Give the ledger with a limit set; what counts against a line that exists stays.

    ``reservations``: the open ones of the ledger; a new line begins with those of its window.
    """
    old = line_of(ledger, limit.dimension, limit.window)
    if old is None:
        line = _new_line(limit, source, at, reservations)
        return of_lines((*ledger.lines, line))
    line = replace(
        old,
        limit=limit.limit,
        hard=limit.hard,
        warn_at_percent=limit.warn_at_percent,
        source=source,
        warned=False,
        exceeded=False,
    )
    return of_lines(line if kept is old else kept for kept in ledger.lines)


def unlimited(ledger: QuotaLedger, dimension: str, window: str) -> QuotaLedger:
    """Give the ledger without a line."""
    gone = line_of(ledger, dimension, window)
    return of_lines(line for line in ledger.lines if line is not gone)


def _new_line(
    limit: QuotaLimit, source: Source, at: int, reservations: Iterable[QuotaReservation]
) -> QuotaLine:
    start = start_of(limit.window, at)
    return QuotaLine(
        dimension=limit.dimension,
        window=limit.window,
        limit=limit.limit,
        hard=limit.hard,
        warn_at_percent=limit.warn_at_percent,
        source=source,
        window_start=start,
        used=0,
        reserved=sum(
            amount.amount
            for reservation in reservations
            if reservation.reserved_at >= start
            for amount in reservation.amounts
            if amount.dimension == limit.dimension
        ),
        warned=False,
        exceeded=False,
        closed=(),
    )
