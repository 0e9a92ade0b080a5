"""The factory's own rules in a real worker: the platform begins, and a tenant on another partition is provisioned."""

from pathlib import Path

import pytest

from schemas.codec import decode_envelope
from schemas.ids import SYSTEM, PrincipalId, TenantId
from schemas.messages.identity.commands import EstablishPlatform
from schemas.messages.tenancy.commands import ProvisionTenant
from streams.layout import Layout
from streams.replay import Replay, state_digest
from streams.restore import Restorer
from streams.wiring import standard_rules
from tests.integration.streams.factory import Factory
from topics.partition import partition_of

pytestmark = pytest.mark.kafka

ROOT = PrincipalId("user:platform-admin")
MODULE = "tests.integration.streams.standard_worker"


@pytest.mark.timeout(120)
def test_the_platform_begins_and_another_partition_knows_its_administrator(
    kafka: str, tmp_path: Path
) -> None:
    factory = Factory(kafka, tmp_path)
    away = next(
        name
        for name in ("acme", "bolt", "crane")
        if partition_of(name, factory.partitions) != partition_of(SYSTEM, factory.partitions)
    )
    with factory.worker(module=MODULE) as worker:
        factory.send(
            EstablishPlatform(principal_id=ROOT, display_name="Root"), SYSTEM, actor_id=ROOT
        )
        factory.wait_for("cp.catalogue.v1", 2 * factory.partitions)
        factory.send(
            ProvisionTenant(
                display_name="Away",
                region="eu",
                owner_principal_id=PrincipalId("user:olga"),
                owner_display_name="Olga",
            ),
            away,
            actor_id=ROOT,
        )
        (tenancy,) = factory.wait_for("cp.tenancy.events.v1", 1)
        identity = factory.wait_for("cp.identity.events.v1", 4)
        assert worker.stop() == 0
    assert tenancy.event_type == "TenantProvisioned"
    assert tenancy.catalogue_position == 2
    own = [event for event in identity if event.tenant_id == away]
    assert [event.event_type for event in own] == ["PrincipalRegistered", "RoleGranted"]
    assert [(event.ordinal, event.outcome_count) for event in (tenancy, *own)] == [
        (0, 3),
        (1, 3),
        (2, 3),
    ]
    check_replay(factory, TenantId(away))


def check_replay(factory: Factory, tenant_id: TenantId) -> None:
    """Check that the facts alone yield the state that the changelog holds."""
    number = partition_of(tenant_id, factory.partitions)
    live = Restorer(factory.settings, Layout(prefix=factory.prefix), factory.ends).restore([number])
    replay = Replay(standard_rules(), copies_of_system=False)
    for topic in factory.layout.facts:
        for message in factory.read(topic):
            value = message.value() or b""
            envelope = decode_envelope(value)
            if envelope.tenant_id == tenant_id:
                replay.take(envelope, value)
    replayed = state_digest(replay.finish().entries.items(), tenant_id)
    assert state_digest(live[number].store.entries.items(), tenant_id) == replayed
