"""What happens at the end of a window that refused work: the new one begins, so that blocked work goes on.

A ledger that refused nothing waits for no timer: its windows begin when work next meets them.
Source: domain.md §2 (QuotaReset), settled.md 21.
"""

from typing import Final

from processors.decision import Decision
from processors.rules import TimerRule
from processors.tenancy.reports import open_windows
from processors.tenancy.state import QuotaLedger
from schemas.ids import LedgerId


def _deadline(ledger: QuotaLedger) -> int | None:
    return ledger.waits_until


def _fire(decision: Decision, record_id: str, _ledger: QuotaLedger) -> None:
    open_windows(decision, (LedgerId(record_id),))


TIMER: Final = TimerRule(_deadline, _fire)
