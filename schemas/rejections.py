"""Codes of refusals and of poison: stable, machine-readable, never re-used (wire.md §6)."""

from typing import Final

CODES: Final = frozenset(
    {
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "INVALID_STATE",
        "INVALID_ARGUMENT",
        "FORBIDDEN",
        "UNAUTHENTICATED",
        "TENANT_SUSPENDED",
        "NOT_ENTITLED",
        "QUOTA_EXCEEDED",
        "BUDGET_EXCEEDED",
        "POLICY_DENIED",
        "APPROVAL_REQUIRED",
        "STALE_LEASE",
        "STALE_VERSION",
        "DUPLICATE",
        "EXPIRED",
        "TOO_LARGE",
        "LIMIT_EXCEEDED",
        "UNSUPPORTED",
    }
)
"""Codes a refused command may carry."""

POISON_CODES: Final = frozenset(
    {
        "MALFORMED_RECORD",
        "UNKNOWN_SCHEMA",
        "ENVELOPE_INVALID",
        "TENANT_MISMATCH",
        "TOO_LARGE",
        "WRONG_PARTITION",
        "UNKNOWN_TENANT",
        "PROCESSOR_BUG",
        "POISON_CRASH",
    }
)
"""Codes a dead letter may carry."""
