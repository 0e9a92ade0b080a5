"""Tenants that the bench works for: each on a partition of its own as long as there are partitions."""

from collections.abc import Iterator
from itertools import count
from typing import Any, Final

from schemas.edge_model import model_of
from streams.run.seeds import PLATFORM_ADMIN, ask, known_facts, publish_seeds
from topics.command import Actor, uuid7
from topics.model import PARTITIONS
from topics.partition import partition_of
from topics.producer import CommandProducer

EDITION: Final = "enterprise"
POOL: Final = 100_000
"""Places of the pool: the bench measures the control plane, not a queue for agents."""


def bench_tenants(number: int) -> list[str]:
    """Give the names of so many tenants, spread evenly over the partitions; the same names on every run."""
    return [name for name, _ in zip(_names(), range(number), strict=False)]


def _names() -> Iterator[str]:
    taken: dict[int, int] = {}
    for index in count():
        name = f"bench-{index}"
        partition = partition_of(name)
        if taken.get(partition, 0) <= sum(taken.values()) // PARTITIONS:
            taken[partition] = taken.get(partition, 0) + 1
            yield name


def provision_tenants(bootstrap: str, names: list[str], role: str) -> None:
    """Publish the seeds and make the tenants ready, where that was not done by an earlier run."""
    with CommandProducer(Actor("user", PLATFORM_ADMIN), bootstrap) as admin:
        publish_seeds(admin, bootstrap, lambda _what: None)
        for name in names:
            _provision(admin, bootstrap, name, role)


def _provision(admin: CommandProducer, bootstrap: str, name: str, role: str) -> None:
    known = known_facts(bootstrap, name)
    steps: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("TenantProvisioned", "ProvisionTenant", {
            "displayName": name, "region": "eu", "ownerPrincipalId": PLATFORM_ADMIN}),
        ("SubscriptionActivated", "ActivateSubscription", {
            "subscriptionId": f"sub-{uuid7()}", "editionName": EDITION, "editionVersion": "1.0.0"}),
        ("TenantActivated", "ActivateTenant", {}),
        ("AgentPoolSized", "SizeAgentPool", {"agentRole": role, "capacity": POOL}),
    )  # fmt: skip
    for done, kind, fields in steps:
        if (done,) not in known:
            ask(admin, model_of(kind).model_validate(fields), name)
