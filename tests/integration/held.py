"""Tenants with work in hand that no agent takes: a skill of their own, a task assigned, an approval asked for."""

from dataclasses import dataclass
from typing import Final

import yaml
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from schemas.codec import decode_envelope, decode_payload
from schemas.messages.envelope import Envelope
from schemas.messages.workflow.messages import AgentTaskAssignment
from streams.run.tenants import make_ready
from tests.fault.site import until
from tests.integration.people import Plant
from topics.catalogue import TOPICS
from topics.command import uuid7
from topics.naming import AGENT_MESH_TASKS
from topics.partition import partition_of
from topics.polling import batch
from topics.settings import client_options

SKILL: Final = "ConnectSoft.Skill.Held"
AGENT: Final = "ConnectSoft.Agent.Held"
ROLE: Final = "Holder"
DEFINITION: Final = "held-work"
OUTPUT: Final = (
    '{"type":"object","required":["value"],"properties":{"value":{"type":"integer"}},'
    '"additionalProperties":false}'
)


@dataclass(frozen=True)
class Held:
    """A tenant of its own and what it has in hand."""

    tenant: str
    owner: str
    project: str
    instance: str
    approval: str

    def assignment(self, plant: Plant, attempt: int = 1) -> AgentTaskAssignment:
        """Wait for the assignment of an attempt, as the agent mesh gets it, token included."""
        found: list[AgentTaskAssignment] = []

        def came() -> bool:
            found[:] = [
                payload
                for envelope in envelopes(plant.bootstrap, AGENT_MESH_TASKS)
                if envelope.tenant_id == self.tenant
                and isinstance(payload := _payload(envelope), AgentTaskAssignment)
                and payload.attempt == attempt
            ]
            return bool(found)

        until(f"attempt {attempt} of {self.tenant}", came, 30)
        return found[-1]


def held(plant: Plant, tenant: str, owner: str, canary: str = "held") -> Held:
    """Make a tenant; it owns a skill that no process serves and has started a workflow that needs it."""
    make_ready(plant.admin, tenant, owner, "team", name=canary)
    publish_skill(plant, tenant, owner, canary)
    plant.must("PublishWorkflowDefinition", tenant, owner, name=DEFINITION, version="1.0.0",
               definition=_definition(tenant))  # fmt: skip
    project, instance = f"proj-{uuid7()}", f"wf-{uuid7()}"
    plant.must("CreateProject", tenant, owner, project_id=project, name=canary, intent=canary)
    plant.must("StartWorkflow", tenant, owner, workflow_instance_id=instance,
               definition_owner=tenant, definition_name=DEFINITION, definition_version="1.0.0",
               input="{}", priority=3)  # fmt: skip
    approval = f"apr-{uuid7()}"
    plant.must("RequestApproval", tenant, owner, approval_id=approval, action="release:promote",
               resource=canary, title=canary, subject_digest=bytes(32), approver_role="TenantOwner",
               quorum=1, four_eyes=True, expires_in_seconds=3600, on_expiry="reject")  # fmt: skip
    return Held(tenant, owner, project, instance, approval)


def publish_skill(
    plant: Plant, tenant: str, owner: str, canary: str = "held", capacity: int = 10
) -> None:
    """Publish a skill of the tenant's own with an agent and a pool for it."""
    plant.must("RegisterSkill", tenant, owner, name=SKILL, description=canary)
    plant.must("PublishSkillVersion", tenant, owner, name=SKILL, version="1.0.0",
               input_schema='{"type":"object"}', output_schema=OUTPUT)  # fmt: skip
    plant.must(
        "RegisterAgent", tenant, owner, name=AGENT, cluster="Engineering", description=canary
    )
    binding = {"skill": SKILL, "version_range": "^1.0.0", "owner": tenant}
    plant.must("PublishAgentVersion", tenant, owner, name=AGENT, version="1.0.0", agent_roles=[ROLE],
               prompt_strategy=canary, corrections_max=2, bindings=[binding],
               model_policy="economy")  # fmt: skip
    plant.must("SizeAgentPool", tenant, owner, agent_role=ROLE, capacity=capacity)


def _definition(tenant: str) -> str:
    task = {
        "call": "agentTask",
        "with": {
            "role": ROLE,
            "skill": f"{tenant}/{SKILL}",
            "modelPolicy": "economy",
            "tokenBudget": {"input": 10, "output": 10},
            "inputs": {"value": 1},
            "maxCorrectionAttempts": 2,
        },
    }
    head = {"dsl": "1.0.3", "namespace": "tests", "name": DEFINITION, "version": "1.0.0"}
    return yaml.safe_dump({"document": head, "do": [{"hold": task}]}, sort_keys=False)


def _payload(envelope: Envelope) -> object:
    return decode_payload(envelope.payload_schema_id, envelope.payload)


def envelopes(bootstrap: str, topic: str) -> list[Envelope]:
    """Give every envelope of a topic, from its beginning to its present end."""
    return [decode_envelope(message.value()) for message in messages(bootstrap, topic)]


def messages(bootstrap: str, *topics: str) -> list[Message]:
    """Give every committed record of topics, from their beginnings to their present ends."""
    consumer = Consumer(
        {
            **client_options(bootstrap),
            "group.id": "test-stranger",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    left = {(t.name, p) for t in TOPICS if t.name in topics for p in range(t.partitions)}
    consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in left])
    found: list[Message] = []
    while left:
        for message in batch(consumer, 1000, 10):
            error = message.error()
            if error is None:
                found.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                left.discard((message.topic() or "", message.partition() or 0))
            else:
                raise KafkaException(error)
    consumer.close()
    return found


def neighbour_of(tenant: str, prefix: str) -> str:
    """Give the name of a tenant on the same partition."""
    names = (f"{prefix}-{number}" for number in range(10_000))
    return next(name for name in names if partition_of(name) == partition_of(tenant))
