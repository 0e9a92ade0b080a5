"""What tenancy keeps, and how a tenant may move from one status to the next."""

from typing import Final, Literal

from schemas.ids import LedgerId
from schemas.messages.tenancy.state import (
    Edition,
    QuotaAmount,
    QuotaClosedWindow,
    QuotaLedger,
    QuotaLimit,
    QuotaLine,
    QuotaReservation,
    Subscription,
    Tenant,
)

__all__ = [
    "TENANT_LEDGER",
    "TRANSITIONS",
    "Edition",
    "QuotaAmount",
    "QuotaClosedWindow",
    "QuotaLedger",
    "QuotaLimit",
    "QuotaLine",
    "QuotaReservation",
    "Status",
    "Subscription",
    "Tenant",
]

Status = Literal["Provisioning", "Active", "Suspended", "Retired"]

TRANSITIONS: Final[dict[str, tuple[Status, Status]]] = {
    # command: (from, to)
    "ActivateTenant": ("Provisioning", "Active"),
    "SuspendTenant": ("Active", "Suspended"),
    "ReactivateTenant": ("Suspended", "Active"),
}
"""The legal moves of a tenant; ProvisionTenant puts a new one in Provisioning."""

TENANT_LEDGER: Final = LedgerId("tenant")
"""Id of the ledger that everything in a tenant is charged to."""
