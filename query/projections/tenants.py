"""The tenants view: life cycle and edition of each tenant."""

from collections.abc import Iterable
from typing import Final

from query.projections.model import Row, View, fact
from schemas.messages.envelope import Envelope
from schemas.messages.tenancy import facts as said


def _provisioned(envelope: Envelope, payload: said.TenantProvisioned) -> Iterable[Row]:
    yield (*fact(envelope), "Provisioning", payload.display_name, payload.region, None, None, None)


def _activated(envelope: Envelope, _payload: said.TenantActivated) -> Iterable[Row]:
    yield (*fact(envelope), "Active", None, None, None, None, None)


def _suspended(envelope: Envelope, payload: said.TenantSuspended) -> Iterable[Row]:
    yield (*fact(envelope), "Suspended", None, None, None, None, payload.reason)


def _reactivated(envelope: Envelope, payload: said.TenantReactivated) -> Iterable[Row]:
    yield (*fact(envelope), "Active", None, None, None, None, payload.reason)


def _subscribed(envelope: Envelope, payload: said.SubscriptionActivated) -> Iterable[Row]:
    edition = (payload.edition_name, payload.edition_version)
    yield (*fact(envelope), None, None, None, *edition, None)


VIEW: Final = View(
    table="tenant_changes",
    version=1,
    rules={
        said.TenantProvisioned: _provisioned,
        said.TenantActivated: _activated,
        said.TenantSuspended: _suspended,
        said.TenantReactivated: _reactivated,
        said.SubscriptionActivated: _subscribed,
    },
)
