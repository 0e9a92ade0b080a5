"""The quota views: limits as they were set, movements of the ledger, and what was reported of it.

Present use is folded by the question files, in the windows of the reservations (settled.md 22).
"""

from collections.abc import Iterable
from typing import Final

from query.projections.model import Row, View, fact
from schemas.messages.envelope import Envelope
from schemas.messages.tenancy import facts as said

TENANT_LEDGER: Final = "tenant"
"""Id of the ledger of the whole tenant; others are a project's id, ``role:…`` and ``agent:…``."""


def _subscribed(envelope: Envelope, payload: said.SubscriptionActivated) -> Iterable[Row]:
    for limit in payload.limits:
        yield (
            *fact(envelope),
            TENANT_LEDGER,
            limit.dimension,
            limit.window,
            limit.limit,
            limit.hard,
            limit.warn_at_percent,
            "edition",
            False,
        )


def _overridden(envelope: Envelope, payload: said.QuotaOverridden) -> Iterable[Row]:
    yield (
        *fact(envelope),
        payload.ledger_id,
        payload.dimension,
        payload.window,
        payload.limit,
        payload.hard,
        payload.warn_at_percent,
        payload.set_by,
        True,
    )


LIMITS: Final = View(
    table="quota_limits",
    version=1,
    rules={said.SubscriptionActivated: _subscribed, said.QuotaOverridden: _overridden},
)


def _owners(
    payload: said.QuotaReserved | said.QuotaSettled | said.QuotaReleased,
) -> tuple[str | None, ...]:
    """Give the reservation and whom it is charged to besides the tenant."""
    return payload.reservation_id, payload.project_id, payload.agent_role, payload.agent_id


def _reserved(envelope: Envelope, payload: said.QuotaReserved) -> Iterable[Row]:
    owner = ("Reserved", *_owners(payload))
    for amount in payload.amounts:
        yield (*fact(envelope), *owner, amount.dimension, amount.amount, 0)


def _settled(envelope: Envelope, payload: said.QuotaSettled) -> Iterable[Row]:
    owner = ("Settled", *_owners(payload))
    given_back = {amount.dimension: -amount.amount for amount in payload.reserved}
    used = {use.dimension: use.amount for use in payload.actual}
    for dimension in {**given_back, **used}:
        yield (
            *fact(envelope),
            *owner,
            dimension,
            given_back.get(dimension, 0),
            used.get(dimension, 0),
        )


def _released(envelope: Envelope, payload: said.QuotaReleased) -> Iterable[Row]:
    owner = ("Released", *_owners(payload))
    for amount in payload.amounts:
        yield (*fact(envelope), *owner, amount.dimension, -amount.amount, 0)


ENTRIES: Final = View(
    table="quota_entries",
    version=2,
    rules={
        said.QuotaReserved: _reserved,
        said.QuotaSettled: _settled,
        said.QuotaReleased: _released,
    },
)


def _reported(
    envelope: Envelope,
    payload: said.QuotaExceeded | said.QuotaOverrun | said.QuotaThresholdCrossed,
) -> Iterable[Row]:
    amount = getattr(payload, "wanted", None) or getattr(payload, "excess", None)
    yield (
        *fact(envelope),
        type(payload).__name__.removeprefix("Quota"),
        payload.ledger_id,
        payload.dimension,
        payload.window,
        payload.limit,
        payload.used,
        payload.reserved,
        amount,
    )


REPORTS: Final = View(
    table="quota_reports",
    version=1,
    rules={
        said.QuotaExceeded: _reported,
        said.QuotaOverrun: _reported,
        said.QuotaThresholdCrossed: _reported,
    },
)
