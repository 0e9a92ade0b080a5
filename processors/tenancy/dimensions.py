"""What can be limited: the dimensions, and which window each may have.

Source: domain.md §2.
"""

from typing import Final

from processors.tenancy.windows import Window

COMMANDS_RATE: Final = "commands.rate"
"""Measured by the runtime's count of the current minute, not by the ledger: see ``admission``."""

LIVE: Final = frozenset({"workflows.active", "tasks.active", "projects"})
"""Dimensions that count what exists now: a window makes no sense for them."""

SPENT: Final = frozenset({"tokens.input", "tokens.output", "cost.amount"})
"""Dimensions that are used up: tokens, and cost in 10^-6 of the currency."""

DIMENSIONS: Final = LIVE | SPENT | {COMMANDS_RATE}


def misuse(dimension: str, window: Window) -> tuple[str, str] | None:
    """Give (field, what would be right) where a limit makes no sense, or None."""
    if dimension not in DIMENSIONS:
        return "dimension", f"one of {', '.join(sorted(DIMENSIONS))}"
    if dimension in LIVE and window != "none":
        return "window", f"none: {dimension} counts what exists now"
    if dimension == COMMANDS_RATE and window != "minute":
        return "window", f"minute: {COMMANDS_RATE} is counted per minute"
    return None
