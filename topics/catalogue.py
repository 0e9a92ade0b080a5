"""The topics, as one table. Creation, access rules and documentation are derived from it.

Source: wire.md §4 and settled.md 13, 20, 26, 27.
"""

from typing import Final

from topics import naming
from topics.model import (
    DAY_MS,
    FOREVER_MS,
    MESSAGE_BYTES_MAX,
    Key,
    Kind,
    Party,
    Timestamps,
    Topic,
)

INPUT_RETENTION_MS: Final = 7 * DAY_MS
"""Longer than any outage and than the 24 h for which command ids are remembered. Not for ever:
state is rebuilt from the facts, never from what was asked."""

TENANT_COMMANDS: Final = frozenset({
    "ProvisionTenant", "ActivateTenant", "SuspendTenant", "ReactivateTenant",
    "ActivateSubscription", "SetQuotaOverride", "DefineEdition", "PublishEdition",
})  # fmt: skip
IDENTITY_COMMANDS: Final = frozenset({
    "EstablishPlatform", "RegisterPrincipal", "GrantRole", "RevokeRole",
})  # fmt: skip
POLICY_COMMANDS: Final = frozenset({"DefinePolicy", "PublishPolicy"})
APPROVAL_COMMANDS: Final = frozenset({"RequestApproval", "GrantApproval", "RejectApproval"})
AGENT_COMMANDS: Final = frozenset({
    "RegisterSkill", "PublishSkillVersion", "RegisterAgent", "PublishAgentVersion",
    "SizeAgentPool", "PublishModelPolicy",
})  # fmt: skip
PROJECT_COMMANDS: Final = frozenset({"CreateProject", "InitializeProject"})
COST_COMMANDS: Final = frozenset({"PublishPriceList"})
WORKFLOW_COMMANDS: Final = frozenset({
    "DefineWorkflow", "PublishWorkflowDefinition", "StartWorkflow", "PauseWorkflow",
    "ResumeWorkflow", "CancelWorkflow", "RetryWorkflowStep", "SkipWorkflowStep",
})  # fmt: skip
TASK_REPORTS: Final = frozenset({
    "ClaimAgentTask", "HeartbeatAgentTask", "ReportAgentProgress", "CompleteAgentTask",
    "FailAgentTask",
})  # fmt: skip
BROADCASTS: Final = frozenset({
    "EditionPublished", "PolicyPublished", "SkillRegistered", "SkillVersionPublished",
    "AgentRegistered", "AgentVersionPublished", "ModelPolicyPublished", "PriceListPublished",
    "WorkflowDefinitionPublished", "PrincipalRegistered", "RoleGranted", "RoleRevoked",
})  # fmt: skip
"""Facts of `system` that every partition needs to decide alone."""


def _input(
    name: str, holds: str, writers: tuple[Party, ...], admits: frozenset[str] = frozenset()
) -> Topic:
    return Topic(
        name=name,
        kind=Kind.INPUT,
        holds=holds,
        writers=writers,
        readers=(Party.WORKER,),
        admits=admits,
        retention_ms=INPUT_RETENTION_MS,
        timestamps=Timestamps.BROKER,
        message_bytes_max=MESSAGE_BYTES_MAX,
    )


def _facts(name: str, holds: str) -> Topic:
    return Topic(
        name=name,
        kind=Kind.FACTS,
        holds=holds,
        writers=(Party.WORKER,),
        readers=(Party.WORKER, Party.QUERY, Party.FEED),
        retention_ms=FOREVER_MS,
    )


def _out(name: str, holds: str, reader: Party, key: Key = Key.TENANT) -> Topic:
    return Topic(
        name=name,
        kind=Kind.OUT,
        holds=holds,
        writers=(Party.WORKER,),
        readers=(reader,),
        key=key,
        retention_ms=INPUT_RETENTION_MS,
    )


TOPICS: Final = (
    _input(
        naming.COMMANDS,
        "what people and tools ask for",
        (Party.GATEWAY, Party.OPERATOR, Party.AUTOMATION),
        TENANT_COMMANDS
        | IDENTITY_COMMANDS
        | POLICY_COMMANDS
        | APPROVAL_COMMANDS
        | AGENT_COMMANDS
        | PROJECT_COMMANDS
        | COST_COMMANDS
        | WORKFLOW_COMMANDS,
    ),
    _input(
        naming.AGENT_MESH_RESULTS,
        "what agents report of their tasks",
        # The task lease API of the gateway speaks for agents without Kafka.
        (Party.AGENT_MESH, Party.GATEWAY),
        TASK_REPORTS,
    ),
    _input(naming.DEVOPS_OUTCOMES, "pipeline and deployment outcomes", (Party.DEVOPS,)),
    _input(naming.OBSERVABILITY_SIGNALS, "alerts and runtime signals", (Party.OBSERVABILITY,)),
    _input(
        naming.GOVERNANCE_POLICIES,
        "shared policy definitions",
        (Party.GOVERNANCE,),
        POLICY_COMMANDS,
    ),
    _input(naming.INTEGRATION_INBOUND, "webhooks and their results", (Party.INTEGRATION,)),
    _input(naming.TIMERS, "deadlines that are due", (Party.WORKER,), frozenset({"FireTimer"})),
    _input(
        naming.CATALOGUE,
        "published assets of system, one copy a partition",
        (Party.WORKER,),
        BROADCASTS,
    ),
    *(
        _facts(naming.events_topic(context), f"what was decided in {context}")
        for context in naming.CONTEXTS
    ),
    _facts(naming.REJECTIONS, "what was refused and why"),
    _out(
        naming.AGENT_MESH_TASKS,
        "task assignments and withdrawals",
        Party.AGENT_MESH,
        # By task, so that the agents of one group share a tenant's work.
        key=Key.TASK,
    ),
    _out(naming.DEVOPS_COMMANDS, "releases and promotions asked for", Party.DEVOPS),
    _out(naming.INTEGRATION_OUTBOUND, "webhook deliveries asked for", Party.INTEGRATION),
    Topic(
        name=naming.DEAD_LETTERS,
        kind=Kind.OUT,
        holds="records that could not be understood, whole",
        writers=(Party.WORKER, Party.QUERY),
        readers=(Party.OPERATOR, Party.QUERY),
        key=Key.NONE,
        # The view of them is rebuilt from here, and none may vanish before somebody looked.
        retention_ms=FOREVER_MS,
    ),
    Topic(
        name=naming.AUDIT_CHECKPOINTS,
        kind=Kind.FACTS,
        holds="signed tree heads of the audit log",
        writers=(Party.QUERY,),
        readers=(Party.QUERY, Party.OPERATOR, Party.FEED),
        key=Key.NONE,
        partitions=1,
    ),
    Topic(
        name=naming.DECISION_FEED,
        kind=Kind.DERIVED,
        holds="policy decisions and approvals, for Governance",
        writers=(Party.FEED,),
        readers=(Party.GOVERNANCE,),
        retention_ms=INPUT_RETENTION_MS,
    ),
    Topic(
        name=naming.STATE,
        kind=Kind.STATE,
        holds="state tables, newest value a key",
        writers=(Party.WORKER,),
        readers=(Party.WORKER, Party.OPERATOR),
        key=Key.RECORD,
        cleanup="compact",
        # A restore reads the whole partition: small segments and an eager cleaner keep it near
        # the size of the live state (1 GiB and 50 % by default). The newest segment is never cleaned: with 64 MiB
        # a fault run of 19,000 workflows had restarts of 8 s, for nothing was cleaned yet.
        tuning={"segment.bytes": str(16 * 1024 * 1024), "min.cleanable.dirty.ratio": "0.2"},
    ),
)
"""Every topic of the control plane."""

BY_NAME: Final = {topic.name: topic for topic in TOPICS}
INPUT_TOPICS: Final = tuple(topic.name for topic in TOPICS if topic.kind is Kind.INPUT)
"""The eight topics of which a worker owns partition p together."""
FACT_TOPICS: Final = tuple(
    topic.name for topic in TOPICS if topic.kind is Kind.FACTS and topic.key is Key.TENANT
)
"""The topics that carry `sequence`: the ten contexts' and the refusals."""


def admits(topic: str, message_type: str) -> bool:
    """Tell whether a message of that type may come in by that topic (settled.md 13)."""
    return message_type in BY_NAME[topic].admits
