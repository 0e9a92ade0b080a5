"""Quota: at no point was more admitted than the limit, by the arithmetic of the facts alone (settled.md 22).

The ledger is replayed here from its rules, not from the workers' code: limits from SubscriptionActivated and
QuotaOverridden, what is reserved and used from QuotaReserved, QuotaSettled and QuotaReleased, each in the window of
its reservation. A hard limit may be passed by a settlement only, and then a QuotaOverrun says so.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from query.verify.log import Cause, Entry, Finding, Log, found, of_type
from schemas.messages.tenancy import facts as said

TENANT: Final = "tenant"
Owners = tuple[str, ...]
"""Ledgers that an amount is charged to: the tenant's, and those of a project, a role and an agent that it names."""
_RATE: Final = "commands.rate"
"""Counted by the runtime, not by the ledger."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROS: Final = 1_000_000
_EVEN: Final = {"minute": 60 * _MICROS, "hour": 3600 * _MICROS, "day": 86_400 * _MICROS}
Amounts = Mapping[str, int]


def window_start(window: str, at: int) -> int:
    """Give the start (micros) of the window of UTC time that an instant lies in; 0 for none."""
    if window == "none":
        return 0
    if window in _EVEN:
        return at - at % _EVEN[window]
    moment = _EPOCH + timedelta(microseconds=at)
    first = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int((first - _EPOCH).total_seconds()) * _MICROS


@dataclass
class Line:
    """One limit and what counts against it, window by window."""

    window: str
    limit: int
    hard: bool
    source: str
    used: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    reserved: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    since: list[tuple[int, int]] = field(default_factory=list)
    """(when, limit) of every setting, in order: a window is judged by the last one before it ended."""

    def limit_at(self, at: int) -> int | None:
        """Give the limit that the window of an instant had last; None: it was over before there was one."""
        start = window_start(self.window, at)
        in_time = [m for when, m in self.since if window_start(self.window, when) <= start]
        return in_time[-1] if in_time else None

    def counted(self, at: int) -> int:
        """Give what counts in the window of an instant."""
        start = window_start(self.window, at)
        return self.used.get(start, 0) + self.reserved.get(start, 0)

    def charge(self, at: int, reserved: int, used: int) -> None:
        """Move the window of an instant."""
        start = window_start(self.window, at)
        self.reserved[start] += reserved
        self.used[start] += used


class Ledger:
    """A tenant's limits by (ledger, dimension, window), and its open reservations."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, str, str], Line] = {}
        self.open: dict[str, tuple[int, Owners, dict[str, int]]] = {}
        """Reservation -> when it was made, whom it is charged to, its amounts."""

    def limit(
        self,
        ledger: str,
        dimension: str,
        window: str,
        limit: int | None,
        *,
        hard: bool,
        source: str,
        at: int = 0,
    ) -> None:
        """Set a limit, or take it away; a new one begins with the open reservations, without use."""
        key = ledger, dimension, window
        if limit is None:
            self.lines.pop(key, None)
            return
        line = self.lines.get(key)
        if line is None:
            line = self.lines[key] = Line(window, limit, hard, source)
            for made_at, owners, amounts in self.open.values():
                if dimension in amounts and ledger in owners:
                    line.charge(made_at, amounts[dimension], 0)
        line.limit, line.hard, line.source = limit, hard, source
        line.since.append((at, limit))

    def of(self, owners: Owners, dimension: str) -> Iterator[Line]:
        """Give the lines that a dimension of these ledgers counts against."""
        for (ledger, counted, _), line in self.lines.items():
            if counted == dimension and ledger in owners:
                yield line


def owners_of(payload: said.QuotaReserved | said.QuotaSettled | said.QuotaReleased) -> Owners:
    """Give the ledgers that a movement names."""
    own = (
        payload.project_id,
        payload.agent_role and f"role:{payload.agent_role}",
        payload.agent_id and f"agent:{payload.agent_id}",
    )
    return (TENANT, *(each for each in own if each))


def check(log: Log) -> Iterator[Finding]:
    """Find admissions beyond a hard limit, and settlements beyond one that no QuotaOverrun names."""
    for entries in log.by_tenant.values():
        yield from _tenant(entries)


def _tenant(entries: list[Entry]) -> Iterator[Finding]:
    ledger = Ledger()
    overruns = {
        (entry.cause, overrun.dimension) for entry, overrun in of_type(entries, said.QuotaOverrun)
    }
    for entry in entries:
        payload, at = entry.payload, entry.envelope.occurred_at
        if isinstance(payload, said.SubscriptionActivated):
            _subscribe(ledger, payload, at)
        elif isinstance(payload, said.QuotaOverridden):
            ledger.limit(
                payload.ledger_id,
                payload.dimension,
                payload.window,
                payload.limit,
                hard=payload.hard,
                source=payload.set_by,
                at=at,
            )
        elif isinstance(payload, said.QuotaReserved):
            yield from _reserve(ledger, entry, payload, at)
        elif isinstance(payload, said.QuotaSettled):
            yield from _settle(ledger, entry, payload, overruns)
        elif isinstance(payload, said.QuotaReleased):
            yield from _release(ledger, entry, payload)


def _subscribe(ledger: Ledger, payload: said.SubscriptionActivated, at: int) -> None:
    for limit in payload.limits:
        line = ledger.lines.get((TENANT, limit.dimension, limit.window))
        if limit.dimension != _RATE and (line is None or line.source == "edition"):
            ledger.limit(
                TENANT,
                limit.dimension,
                limit.window,
                limit.limit,
                hard=limit.hard,
                source="edition",
                at=at,
            )


def _reserve(
    ledger: Ledger, entry: Entry, payload: said.QuotaReserved, at: int
) -> Iterator[Finding]:
    amounts = {amount.dimension: amount.amount for amount in payload.amounts}
    owners = owners_of(payload)
    ledger.open[payload.reservation_id] = at, owners, amounts
    for dimension, amount in amounts.items():
        for line in ledger.of(owners, dimension):
            line.charge(at, amount, 0)
            if line.hard and amount and line.counted(at) > line.limit:
                yield found(
                    "OVER_QUOTA",
                    entry,
                    f"{dimension} was admitted up to {line.counted(at)}, the limit is {line.limit}",
                )


def _settle(
    ledger: Ledger,
    entry: Entry,
    payload: said.QuotaSettled,
    overruns: set[tuple[Cause | None, str]],
) -> Iterator[Finding]:
    given_back = {amount.dimension: amount.amount for amount in payload.reserved}
    used = {use.dimension: use.amount for use in payload.actual}
    at, owners = entry.envelope.occurred_at, owners_of(payload)
    if payload.reservation_id is not None:
        made_at, made_for, held = ledger.open.pop(payload.reservation_id, (at, owners, given_back))
        yield from _gives_back(entry, owners, given_back, made_for, held)
        at = made_at
    for dimension in {**given_back, **used}:
        before, after = given_back.get(dimension, 0), used.get(dimension, 0)
        for line in ledger.of(owners, dimension):
            line.charge(at, -before, after)
            limit = line.limit_at(at)
            is_over = limit is not None and after > before and line.counted(at) > limit
            if is_over and (entry.cause, dimension) not in overruns:
                yield found(
                    "OVERRUN_UNSAID",
                    entry,
                    f"{dimension} is at {line.counted(at)} of {limit} and no QuotaOverrun says so",
                )


def _release(ledger: Ledger, entry: Entry, payload: said.QuotaReleased) -> Iterator[Finding]:
    amounts = {amount.dimension: amount.amount for amount in payload.amounts}
    at = entry.envelope.occurred_at
    owners = owners_of(payload)
    made_at, made_for, held = ledger.open.pop(payload.reservation_id, (at, owners, amounts))
    yield from _gives_back(entry, owners, amounts, made_for, held)
    for dimension, amount in amounts.items():
        for line in ledger.of(owners, dimension):
            line.charge(made_at, -amount, 0)


def _gives_back(
    entry: Entry,
    owners: Owners,
    amounts: Amounts,
    made_for: Owners,
    held: Amounts,
) -> Iterator[Finding]:
    """Find an end that gives back other than what was reserved, or to other ledgers."""
    if dict(amounts) != dict(held):
        yield found(
            "SETTLED_OTHERWISE", entry, f"{dict(amounts)} is given back, {dict(held)} was held"
        )
    elif owners != made_for:
        yield found("SETTLED_OTHERWISE", entry, f"it was reserved for {', '.join(made_for[1:])}")
