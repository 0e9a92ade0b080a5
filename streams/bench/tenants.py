"""Tenants that the bench works for: each on a partition of its own as long as there are partitions."""

from collections.abc import Iterator
from itertools import count
from typing import Final

from schemas.edge_model import model_of
from streams.run.seeds import PLATFORM_ADMIN, ask, known_facts, publish_seeds
from streams.run.tenants import make_ready
from topics.command import Actor
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
    make_ready(admin, name, PLATFORM_ADMIN, EDITION, known=known)
    if ("AgentPoolSized",) not in known:
        sized = {"agentRole": role, "capacity": POOL}
        ask(admin, model_of("SizeAgentPool").model_validate(sized), name)
