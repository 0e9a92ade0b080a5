"""Two tenants of one partition on real Kafka: commands from outside are refused, nothing of A is in B's records.

The commands are those of the catalogue, built as in the sweep without a broker.
"""

from typing import Any

import pytest
from confluent_kafka import Message

from schemas.codec import decode_envelope
from streams.state_key import parse_state_key
from tests.integration.held import AGENT, DEFINITION, Held, held, messages, neighbour_of
from tests.integration.people import Plant
from tests.security.test_two_tenants_commands import COMMANDS, CREATES, EXISTING, REPORTS, build
from topics.catalogue import TOPICS
from topics.naming import STATE

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

CANARY = "canary-of-tenant-a"
MESH = "service:agent-mesh"
A_OWNER, B_OWNER = "user:owner-of-a", "user:owner-of-b"


@pytest.fixture(scope="module")
def worlds(plant: Plant) -> tuple[Held, Held]:
    """Give tenants A and B, owned by different people, on one partition."""
    a = held(plant, "sweep-a", A_OWNER, CANARY)
    return a, held(plant, neighbour_of("sweep-a", "sweep-b"), B_OWNER)


@pytest.fixture(scope="module")
def known(plant: Plant, worlds: tuple[Held, Held]) -> dict[str, Any]:
    """Give A's ids by the Python field that carries them, a genuine lease token among them."""
    a, _b = worlds
    task = a.assignment(plant)
    return {
        "project_id": a.project,
        "workflow_instance_id": a.instance,
        "task_id": task.task_id,
        "approval_id": a.approval,
        "step_path": "do/0",
        "principal_id": A_OWNER,
        "lease_token": task.lease_token,
        "attempt": task.attempt,
        "agent_id": AGENT,
        "agent_version": "1.0.0",
        "definition_owner": a.tenant,
        "definition_name": DEFINITION,
        "execution_id": "exec-00000000-0000-4000-8000-0000000000aa",
        "output": '{"value":2}',
    }


def history(plant: Plant, tenant: str) -> list[tuple[str, bytes]]:
    """Give what people and services changed in the tenant. Leases that end by themselves are the engine's."""
    return [
        (e.envelope.event_type, e.envelope.payload)
        for e in plant.facts(tenant)
        if e.envelope.actor_type != "system" and e.envelope.event_type != "CommandRejected"
    ]


def test_every_command_of_an_outsider_is_refused_in_a(
    plant: Plant, worlds: tuple[Held, Held], known: dict[str, Any]
) -> None:
    a, _b = worlds
    before = history(plant, a.tenant)
    for name in COMMANDS:
        outcome = plant.by(B_OWNER).ask(build(name, known), a.tenant)
        refused = outcome.rejection
        assert refused is not None, name
        assert refused.code in {"FORBIDDEN", "ALREADY_EXISTS"}, (name, refused)
        assert outcome.facts == [], name
    assert history(plant, a.tenant) == before


def test_every_command_of_b_with_ids_of_a_leaves_a_alone(
    plant: Plant, worlds: tuple[Held, Held], known: dict[str, Any]
) -> None:
    a, b = worlds
    before = history(plant, a.tenant)
    # CreateProject last: B may take A's id for a project of its own, and would then have it.
    for name in sorted(COMMANDS, key=CREATES.__contains__):
        command = build(name, known)
        outcome = plant.by(MESH if name in REPORTS else B_OWNER).ask(command, b.tenant)
        assert outcome.dead_letter is None, name
        assert {envelope.tenant_id for envelope, _payload in outcome.facts} <= {b.tenant}
        named = [getattr(command, field, None) for field in EXISTING]
        if any(named) and name not in CREATES:
            assert outcome.rejection is not None, name
            assert outcome.rejection.code in {"NOT_FOUND", "FORBIDDEN"}, outcome.rejection
    assert history(plant, a.tenant) == before


def test_no_word_of_a_is_in_a_record_of_another_tenant(
    plant: Plant, worlds: tuple[Held, Held]
) -> None:
    a, _b = worlds
    names = [topic.name for topic in TOPICS]
    told = [
        (message.topic(), tenant_of(message))
        for message in messages(plant.bootstrap, *names)
        if CANARY.encode() in (message.value() or b"")
    ]
    assert {tenant for _topic, tenant in told} == {a.tenant}
    assert {topic for topic, _tenant in told} >= {"cp.state.v1", "cp.projects.events.v1"}


def tenant_of(message: Message) -> str:
    """Give whose record it is, as the record itself says."""
    if message.topic() == STATE:
        return parse_state_key(message.key() or b"").tenant_id
    return decode_envelope(message.value()).tenant_id
