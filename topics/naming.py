"""Names of topics and of the clients that use them."""

from typing import Final

from topics.model import Party

CONTEXTS: Final = (
    "identity",
    "tenancy",
    "projects",
    "blueprints",
    "workflow",
    "agents",
    "governance",
    "costs",
    "integration",
    "artifacts",
)
"""The ten contexts (style.md §4.1)."""

COMMANDS: Final = "cp.commands.v1"
AGENT_MESH_RESULTS: Final = "cp.agent-mesh.results.v1"
DEVOPS_OUTCOMES: Final = "cp.devops.outcomes.v1"
OBSERVABILITY_SIGNALS: Final = "cp.observability.signals.v1"
GOVERNANCE_POLICIES: Final = "cp.governance.policies.v1"
INTEGRATION_INBOUND: Final = "cp.integration.inbound.v1"
TIMERS: Final = "cp.timers.v1"
CATALOGUE: Final = "cp.catalogue.v1"
REJECTIONS: Final = "cp.rejections.v1"
AGENT_MESH_TASKS: Final = "cp.agent-mesh.tasks.v1"
DEVOPS_COMMANDS: Final = "cp.devops.commands.v1"
INTEGRATION_OUTBOUND: Final = "cp.integration.outbound.v1"
DEAD_LETTERS: Final = "cp.dead-letters.v1"
AUDIT_CHECKPOINTS: Final = "cp.audit.checkpoints.v1"
DECISION_FEED: Final = "cp.governance.decision-feed.v1"
STATE: Final = "cp.state.v1"

REFUSALS: Final = frozenset({"CommandRejected", "CommandRepeated"})
"""Message types that go to `cp.rejections.v1`, whichever context refused."""


def events_topic(context: str) -> str:
    """Give the topic of a context's facts. Raises `KeyError` for a context that does not exist."""
    if context not in CONTEXTS:
        raise KeyError(context)
    return f"cp.{context}.events.v1"


def fact_topic(context: str, message_type: str) -> str:
    """Give the topic a fact of that context is appended to; a refusal has one of its own."""
    return REJECTIONS if message_type in REFUSALS else events_topic(context)


def client_prefix(party: Party) -> str:
    """Give what a party's consumer groups and transactional ids must start with.

    The broker's access rules grant exactly this prefix (`topics.acls`).
    """
    return f"cp.{party}"
