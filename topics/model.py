"""What a row of the topic catalogue says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

PARTITIONS: Final = 8
"""Partitions of everything keyed by tenant. Chosen once: a tenant's partition follows from it."""
FOREVER_MS: Final = -1
DAY_MS: Final = 24 * 60 * 60 * 1000
MESSAGE_BYTES_MAX: Final = 1_048_576
"""Largest record that may come in."""
RECORD_BYTES_MAX: Final = 2 * MESSAGE_BYTES_MAX
"""Largest record that we write: what came in, and what a fact or a dead letter adds to it."""


class Kind(StrEnum):
    """What a topic is for."""

    INPUT = "input"
    """Messages that ask for a decision; a worker owns one partition of all of them."""
    FACTS = "facts"
    """What was decided, for ever."""
    OUT = "out"
    """What a neighbour is asked to do."""
    DERIVED = "derived"
    """A selection of the facts for a neighbour that wants less; made from them, so it can be made again."""
    STATE = "state"
    """The state tables, compacted; a cache of the facts."""


class Party(StrEnum):
    """Who holds rights on a topic: a Kafka principal a process or neighbour connects as."""

    GATEWAY = "gateway"
    OPERATOR = "operator"
    AUTOMATION = "automation"
    AGENT_MESH = "agent-mesh"
    DEVOPS = "devops"
    OBSERVABILITY = "observability"
    GOVERNANCE = "governance"
    INTEGRATION = "integration"
    WORKER = "worker"
    QUERY = "query"
    FEED = "feed"


class Key(StrEnum):
    """What a record is keyed, and so placed, by."""

    TENANT = "tenantId"
    TASK = "taskId"
    RECORD = "tenant|kind|id"
    NONE = "none"


class Timestamps(StrEnum):
    """Whose clock a record's timestamp is of."""

    BROKER = "LogAppendTime"
    PRODUCER = "CreateTime"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic: what it holds, who may touch it and how the broker keeps it."""

    name: str
    kind: Kind
    holds: str
    writers: tuple[Party, ...]
    readers: tuple[Party, ...]
    admits: frozenset[str] = frozenset()
    """Message types that may come in by an input topic; empty for the other kinds."""
    key: Key = Key.TENANT
    partitions: int = PARTITIONS
    cleanup: str = "delete"
    retention_ms: int = FOREVER_MS
    timestamps: Timestamps = Timestamps.PRODUCER
    message_bytes_max: int = RECORD_BYTES_MAX
    compression: str = "producer"
    """`producer`: kept as sent, so that the broker never compresses again."""
    tuning: Mapping[str, str] = field(default_factory=dict)
    """Further settings that bound a cost and change no meaning; not part of the drift report."""

    @property
    def kept(self) -> str:
        """Say how long records are kept, for people."""
        if self.cleanup == "compact":
            return "newest a key"
        if self.retention_ms == FOREVER_MS:
            return "for ever"
        return f"{self.retention_ms // DAY_MS} days"

    def settings(self) -> dict[str, str]:
        """Give the topic's Kafka settings whose drift is reported, as the broker spells them."""
        return {
            "cleanup.policy": self.cleanup,
            "retention.ms": str(self.retention_ms),
            "message.timestamp.type": self.timestamps.value,
            "max.message.bytes": str(self.message_bytes_max),
            "compression.type": self.compression,
        }
