"""State from the facts: a lost changelog is rebuilt, and the digest is the one that it had."""

from pathlib import Path

import pytest

from schemas.codec import decode_envelope
from schemas.ids import TenantId
from schemas.messages.runtime.state import CommandMemory
from streams.replay import Replay, state_digest
from streams.restore import Restored, Restorer
from tests.integration.streams import toy
from tests.integration.streams.factory import Factory, until
from tests.integration.streams.toy import AddMarbles, PublishMarbleRule
from topics.partition import partition_of

pytestmark = pytest.mark.kafka

TENANTS = ("acme", "bolt", "crane", "dove", "system")


def held(factory: Factory) -> dict[int, Restored]:
    """Give what the changelog holds."""
    restorer = Restorer(factory.settings, factory.layout, factory.ends)
    return restorer.restore(list(range(factory.partitions)))


def digests(found: dict[int, Restored]) -> dict[tuple[int, str], str]:
    """Give the digest of each tenant in each partition."""
    return {
        (number, tenant): state_digest(restored.store.entries.items(), TenantId(tenant)).hex()
        for number, restored in found.items()
        for tenant in TENANTS
    }


def memories(found: dict[int, Restored]) -> set[tuple[str, str, bytes, int]]:
    """Give what is remembered of command ids."""
    return {
        (key.tenant_id, command.command_id, command.content_digest, command.sequence)
        for restored in found.values()
        for key, entry in restored.store.entries.items()
        if isinstance(entry.value, CommandMemory)
        for command in entry.value.commands
    }


def load(factory: Factory) -> int:
    """Send some of everything; give the number of facts and refusals to come."""
    for number in range(40):
        for tenant in TENANTS[:4]:
            factory.send(AddMarbles(jar_id=f"j{number % 7}", count=1), tenant)
    factory.send(AddMarbles(jar_id="j1", count=-1))
    factory.send(AddMarbles(jar_id="j1", count=toy.SILENT))
    return 160


def delete_state(factory: Factory) -> None:
    """Delete the changelog and create it anew."""
    name = factory.layout.physical("cp.state.v1")
    factory.admin.delete_topics([name])[name].result(20)
    until(lambda: name not in factory.admin.list_topics(timeout=10).topics, "the changelog is gone")
    factory.create_topics("cp.state.v1")


@pytest.mark.timeout(180)
def test_a_deleted_changelog_is_rebuilt_with_the_same_digest_and_the_same_memory(
    kafka: str, tmp_path: Path
) -> None:
    factory = Factory(kafka, tmp_path)
    with factory.worker() as worker:
        factory.send(PublishMarbleRule(rule_id="most", most=50), "system")
        factory.wait_for("cp.catalogue.v1", factory.partitions)
        expected = load(factory)
        factory.wait_for("cp.projects.events.v1", expected + 1)
        factory.wait_for("cp.rejections.v1", 1)
        assert worker.stop() == 0
    before = held(factory)
    assert all(restored.is_whole for restored in before.values())

    delete_state(factory)
    with factory.worker() as worker:
        until(worker.is_running, "running again")
        assert worker.status()["rebuiltPartitions"] == factory.partitions
        repeat = factory.send(AddMarbles(jar_id="j1", count=-1), "bolt")
        factory.wait_for("cp.rejections.v1", 2)
        assert worker.stop() == 0
    after = held(factory)
    changed = {key for key, value in digests(after).items() if digests(before)[key] != value}
    assert {tenant for _, tenant in changed} == {"bolt"}, "only the tenant that went on"
    assert memories(before) == {m for m in memories(after) if m[1] != repeat.event_id}
    assert replayed(factory) == {k: v for k, v in digests(after).items() if owns(factory, k)}


def owns(factory: Factory, place: tuple[int, str]) -> bool:
    """Tell whether the partition is the tenant's own."""
    return partition_of(place[1], factory.partitions) == place[0]


def replayed(factory: Factory) -> dict[tuple[int, str], str]:
    """Give the digests that the facts alone yield."""
    replays = {n: Replay(toy.rules(), copies_of_system=False) for n in range(factory.partitions)}
    for topic in factory.layout.facts:
        for message in factory.read(topic):
            value = message.value() or b""
            envelope = decode_envelope(value)
            if envelope.sequence is not None:
                replays[message.partition() or 0].take(envelope, value)
    return {
        (number, tenant): state_digest(replay.finish().entries.items(), TenantId(tenant)).hex()
        for number, replay in replays.items()
        for tenant in TENANTS
        if owns(factory, (number, tenant))
    }
