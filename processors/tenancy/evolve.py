"""How the facts of tenancy change its tables; each rule is frozen once released.

Source: domain.md §2, settled.md 22, 25.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from processors.contract import Meta, Tables
from processors.tenancy.ledger import EMPTY, charged, limited, of_lines, rolled, unlimited
from processors.tenancy.scopes import Whom, ledgers_of, whom_of
from processors.tenancy.state import (
    TENANT_LEDGER,
    Edition,
    QuotaAmount,
    QuotaLedger,
    QuotaLimit,
    QuotaLine,
    QuotaReservation,
    Status,
    Subscription,
    Tenant,
)
from schemas.ids import LedgerId
from schemas.messages.tenancy import facts


def tenant_provisioned(tables: Tables, fact: facts.TenantProvisioned, _meta: Meta) -> None:
    """Put the new tenant."""
    tables.put(
        fact.tenant_id,
        Tenant(
            display_name=fact.display_name,
            region=fact.region,
            isolation=fact.isolation,
            status="Provisioning",
            owner_principal_id=fact.owner_principal_id,
        ),
    )


def tenant_activated(tables: Tables, fact: facts.TenantActivated, _meta: Meta) -> None:
    """Take the tenant into use."""
    _stand(tables, fact.tenant_id, "Active")


def tenant_suspended(tables: Tables, fact: facts.TenantSuspended, _meta: Meta) -> None:
    """Stop the tenant's new work."""
    _stand(tables, fact.tenant_id, "Suspended")


def tenant_reactivated(tables: Tables, fact: facts.TenantReactivated, _meta: Meta) -> None:
    """Let the tenant's work go on."""
    _stand(tables, fact.tenant_id, "Active")


def _stand(tables: Tables, tenant_id: str, status: Status) -> None:
    tenant = tables.get(Tenant, tenant_id)
    if tenant is not None:
        tables.put(tenant_id, replace(tenant, status=status))


def edition_defined(tables: Tables, fact: facts.EditionDefined, _meta: Meta) -> None:
    """Put the draft."""
    _put_edition(tables, fact, published=False)


def edition_published(tables: Tables, fact: facts.EditionPublished, _meta: Meta) -> None:
    """Put the published edition, in partitions that never saw the draft as well."""
    _put_edition(tables, fact, published=True)


def _put_edition(
    tables: Tables, fact: facts.EditionDefined | facts.EditionPublished, *, published: bool
) -> None:
    tables.put(
        fact.edition_id,
        Edition(
            name=fact.name,
            version=fact.version,
            display_name=fact.display_name,
            status="Published" if published else "Draft",
            features=fact.features,
            limits=_limits(fact.limits),
        ),
    )


def _limits(limits: Iterable[facts.QuotaLimit]) -> tuple[QuotaLimit, ...]:
    return tuple(
        QuotaLimit(
            dimension=limit.dimension,
            window=limit.window,
            limit=limit.limit,
            hard=limit.hard,
            warn_at_percent=limit.warn_at_percent,
        )
        for limit in limits
    )


def subscription_activated(tables: Tables, fact: facts.SubscriptionActivated, meta: Meta) -> None:
    """Put the tenant on the edition: its limits stand in the ledger, but for those overridden."""
    limits = _limits(fact.limits)
    tables.put(
        fact.subscription_id,
        Subscription(
            status="Active",
            edition_name=fact.edition_name,
            edition_version=fact.edition_version,
            features=fact.features,
            limits=limits,
        ),
    )
    tenant = tables.get(Tenant, fact.tenant_id)
    if tenant is not None:
        tables.put(fact.tenant_id, replace(tenant, active_subscription_id=fact.subscription_id))
    ledger = tables.get(QuotaLedger, TENANT_LEDGER) or EMPTY
    overridden = {
        (line.dimension, line.window) for line in ledger.lines if line.source != "edition"
    }
    reservations = _open_reservations(tables, TENANT_LEDGER)
    for limit in limits:
        if (limit.dimension, limit.window) not in overridden:
            ledger = limited(ledger, limit, "edition", meta.at, reservations)
    tables.put(TENANT_LEDGER, ledger)


def quota_overridden(tables: Tables, fact: facts.QuotaOverridden, meta: Meta) -> None:
    """Set the limit over the edition's, or let the edition's (or none) hold again."""
    ledger = tables.get(QuotaLedger, fact.ledger_id) or EMPTY
    if fact.limit is None:
        tables.put(fact.ledger_id, unlimited(ledger, fact.dimension, fact.window))
        return
    limit = QuotaLimit(
        dimension=fact.dimension,
        window=fact.window,
        limit=fact.limit,
        hard=fact.hard,
        warn_at_percent=fact.warn_at_percent,
    )
    reservations = _open_reservations(tables, fact.ledger_id)
    tables.put(fact.ledger_id, limited(ledger, limit, fact.set_by, meta.at, reservations))


def _open_reservations(tables: Tables, ledger_id: LedgerId) -> list[QuotaReservation]:
    """List the open reservations of a ledger; a scan, for the rare change of a limit only."""
    return [
        reservation
        for _, reservation in tables.scan(QuotaReservation)
        if ledger_id == TENANT_LEDGER or ledger_id in whom_of(reservation).own()
    ]


def quota_reserved(tables: Tables, fact: facts.QuotaReserved, meta: Meta) -> None:
    """Set the amounts aside and remember when, which names the windows."""
    amounts = {amount.dimension: amount.amount for amount in fact.amounts}
    tables.put(
        fact.reservation_id,
        QuotaReservation(
            reserved_at=meta.at,
            amounts=tuple([QuotaAmount(dimension=d, amount=a) for d, a in amounts.items()]),
            **whom_of(fact)._asdict(),
        ),
    )
    _charge(tables, whom_of(fact), meta.at, amounts, {})


def quota_settled(tables: Tables, fact: facts.QuotaSettled, meta: Meta) -> None:
    """Count what was used in place of what was reserved, in the reservation's windows."""
    window_at = meta.at
    if fact.reservation_id is not None:
        window_at = _end_reservation(tables, fact.reservation_id, meta)
    given_back = {amount.dimension: -amount.amount for amount in fact.reserved}
    used = {use.dimension: use.amount for use in fact.actual}
    _charge(tables, whom_of(fact), window_at, given_back, used)


def quota_released(tables: Tables, fact: facts.QuotaReleased, meta: Meta) -> None:
    """Give the reservation back."""
    window_at = _end_reservation(tables, fact.reservation_id, meta)
    given_back = {amount.dimension: -amount.amount for amount in fact.amounts}
    _charge(tables, whom_of(fact), window_at, given_back, {})


def _end_reservation(tables: Tables, reservation_id: str, meta: Meta) -> int:
    """Forget the reservation; give when it was made."""
    reservation = tables.get(QuotaReservation, reservation_id)
    tables.delete(QuotaReservation, reservation_id)
    return meta.at if reservation is None else reservation.reserved_at


def _charge(
    tables: Tables,
    whom: Whom,
    window_at: int,
    reserved: dict[str, int],
    used: dict[str, int],
) -> None:
    for ledger_id in ledgers_of(tables, whom):
        ledger = tables.get(QuotaLedger, ledger_id) or EMPTY
        tables.put(ledger_id, charged(ledger, window_at, reserved, used))


def quota_exceeded(tables: Tables, fact: facts.QuotaExceeded, _meta: Meta) -> None:
    """Remember that it was reported; a hard one waits for the end of its window."""
    ledger = tables.get(QuotaLedger, fact.ledger_id) or EMPTY
    marked = (replace(line, exceeded=True) if _is_of(line, fact) else line for line in ledger.lines)
    tables.put(fact.ledger_id, of_lines(marked))


def quota_threshold_crossed(tables: Tables, fact: facts.QuotaThresholdCrossed, _meta: Meta) -> None:
    """Remember that it was reported."""
    ledger = tables.get(QuotaLedger, fact.ledger_id) or EMPTY
    lines = tuple(
        replace(line, warned=True) if _is_of(line, fact) else line for line in ledger.lines
    )
    tables.put(fact.ledger_id, replace(ledger, lines=lines))


def _is_of(line: QuotaLine, fact: facts.QuotaExceeded | facts.QuotaThresholdCrossed) -> bool:
    return line.dimension == fact.dimension and line.window == fact.window


def quota_reset(tables: Tables, fact: facts.QuotaReset, meta: Meta) -> None:
    """Begin the windows that time has reached."""
    ledger = tables.get(QuotaLedger, fact.ledger_id) or EMPTY
    tables.put(fact.ledger_id, rolled(ledger, meta.at))
