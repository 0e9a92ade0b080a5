"""What can be limited: the dimensions, and which window each may have.

Source: domain.md §2.
"""

from typing import Final, Literal

from processors.tenancy.windows import Window

COMMANDS_RATE: Final = "commands.rate"
"""Measured by the runtime's count of the current minute, not by the ledger: see ``admission``."""

TASKS_STARTED: Final = "tasks.started"
"""Attempts of agent tasks that an agent took on: with a window of a minute the rate of a tenant, project or role."""

CLAIMS_ACTIVE: Final = "claims.active"
"""Tasks that one agent holds at once."""

CLAIMS_STARTED: Final = "claims.started"
"""Tasks that one agent has claimed."""

BY_COUNT: Final = frozenset({TASKS_STARTED, CLAIMS_STARTED})
"""Dimensions that a settlement uses up whatever was spent, and only a release gives back."""

OF_AGENTS: Final = frozenset({CLAIMS_ACTIVE, CLAIMS_STARTED})
"""Dimensions of an agent's ledger, and of no other: they are charged at its claim."""

LIVE: Final = frozenset({"workflows.active", "tasks.active", "projects", CLAIMS_ACTIVE})
"""Dimensions that count what exists now: a window makes no sense for them."""

SPENT: Final = frozenset({"tokens.input", "tokens.output", "cost.amount"})
"""Dimensions that are used up: tokens, and cost in 10^-6 of the currency."""

OF_TASKS: Final = SPENT | {"tasks.active", TASKS_STARTED}
"""Dimensions that an agent task is charged with: those of a role's ledger."""

DIMENSIONS: Final = LIVE | SPENT | BY_COUNT | {COMMANDS_RATE}


Owner = Literal["tenant", "project", "role", "agent"]

OWNED: Final[dict[Owner, frozenset[str]]] = {
    "tenant": DIMENSIONS - OF_AGENTS,
    "project": DIMENSIONS - OF_AGENTS - {COMMANDS_RATE},
    "role": OF_TASKS,
    "agent": OF_AGENTS,
}
"""Whose ledger may hold a limit of which dimension: what is never charged there could not be kept."""


def misuse(dimension: str, window: Window, owner: Owner = "tenant") -> tuple[str, str] | None:
    """Give (field, what would be right) where a limit makes no sense, or None."""
    if dimension not in OWNED[owner]:
        return "dimension", f"one of {', '.join(sorted(OWNED[owner]))}"
    if dimension in LIVE and window != "none":
        return "window", f"none: {dimension} counts what exists now"
    if dimension == COMMANDS_RATE and window != "minute":
        return "window", f"minute: {COMMANDS_RATE} is counted per minute"
    return None
