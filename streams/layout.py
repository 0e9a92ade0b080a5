"""Which topics a worker reads and writes, and in which order it decides what they hold.

Everything above the Kafka clients speaks of topics by the names of ``topics.catalogue``. ``prefix`` is put
before each name at the clients only, so that several factories, or many tests, can share one broker.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from topics import naming
from topics.catalogue import FACT_TOPICS, INPUT_TOPICS, admits
from topics.model import PARTITIONS

ORDER: Final = (
    naming.CATALOGUE,
    naming.AGENT_MESH_RESULTS,
    naming.DEVOPS_OUTCOMES,
    naming.OBSERVABILITY_SIGNALS,
    naming.INTEGRATION_INBOUND,
    naming.TIMERS,
    naming.GOVERNANCE_POLICIES,
    naming.COMMANDS,
)
"""Input topics in the order of a cycle: the catalogue, what frees resources, the rest (settled.md 6)."""

if frozenset(ORDER) != frozenset(INPUT_TOPICS):
    raise AssertionError("every input topic of the catalogue has its place in the order of a cycle")

INTERNAL: Final = frozenset({naming.TIMERS, naming.CATALOGUE})
"""Input topics that only workers write: they carry no command of anybody, and no deadline waits for them."""

METERED: Final = frozenset({naming.COMMANDS, naming.GOVERNANCE_POLICIES})
"""Input topics whose outcomes count against quota commands.rate.

What neighbours report and what a timer says frees resources and is never metered. Said of the cause's topic,
which every fact names, so that a reader of the facts alone counts the same.
"""

OUTBOUND: Final = {
    "workflow": naming.AGENT_MESH_TASKS,
    "projects": naming.DEVOPS_COMMANDS,
    "integration": naming.INTEGRATION_OUTBOUND,
}
"""Context of a message that is sent out -> its topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The topics of one factory on one broker."""

    partitions: int = PARTITIONS
    prefix: str = ""
    inputs: tuple[str, ...] = ORDER
    facts: tuple[str, ...] = FACT_TOPICS
    admits: Callable[[str, str], bool] = admits
    """(input topic, message type) -> whether it may come in there."""

    def physical(self, topic: str) -> str:
        """Give the name at the broker."""
        return self.prefix + topic

    def logical(self, name: str) -> str:
        """Give the catalogue's name of a topic at the broker."""
        return name.removeprefix(self.prefix)
