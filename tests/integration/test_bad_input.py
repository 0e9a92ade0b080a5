"""What bad input gets, on real Kafka: one refusal or one dead letter with its code, and the partition goes on."""

import json
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

import msgspec
import pytest
from confluent_kafka import Producer

from schemas.codec import decode_envelope, encode_envelope, encode_payload
from schemas.messages.projects.commands import CreateProject
from schemas.messages.runtime.facts import CommandRejected
from schemas.messages.runtime.messages import DeadLetter
from tests.fault.site import until
from tests.integration.dead_letters import DeadLetters
from tests.integration.people import OWNER, Plant, command
from topics.command import Actor, CommandRecord, command_record, uuid7
from topics.naming import AGENT_MESH_RESULTS, COMMANDS
from topics.partition import partition_of
from topics.settings import producer_options

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

TENANT = "plant-a"


def good(**envelope: object) -> CommandRecord:
    """Give a command that would be accepted."""
    created = command(
        "CreateProject", project_id=f"proj-{uuid7()}", name=f"P {uuid7()}", intent="x"
    )
    return command_record(created, tenant_id=TENANT, actor=Actor("user", OWNER), **envelope)  # type: ignore[arg-type]


def put(plant: Plant, record: CommandRecord, value: bytes | None = b"", **changes: object) -> None:
    """Put raw bytes where the record would go."""
    producer = Producer(producer_options(plant.bootstrap))
    arguments = {
        "topic": record.topic,
        "key": record.key,
        "value": record.value if value == b"" else value,
        "partition": record.partition,
        "headers": record.headers,
        **changes,
    }
    topic = arguments.pop("topic")
    producer.produce(topic, **arguments)
    assert producer.flush(10) == 0


def envelope_of(record: CommandRecord, **changes: object) -> bytes:
    """Give the record's envelope with other values."""
    return encode_envelope(msgspec.structs.replace(decode_envelope(record.value), **changes))


class Row(NamedTuple):
    """One row of the table: how the record differs, and the dead letter's code."""

    value: Callable[[CommandRecord], bytes | None]
    code: str
    changes: dict[str, object]


DEAD: dict[str, Row] = {
    "unknown schema id": Row(
        lambda r: b"\0" + (99_999).to_bytes(4, "big") + r.value[5:], "UNKNOWN_SCHEMA", {}
    ),
    "no frame": Row(lambda r: b"\x01" + r.value[1:], "MALFORMED_RECORD", {}),
    "truncated": Row(lambda r: r.value[:-7], "MALFORMED_RECORD", {}),
    "one byte": Row(lambda _r: b"\0", "MALFORMED_RECORD", {}),
    "trailing bytes": Row(lambda r: r.value + b"xx", "MALFORMED_RECORD", {}),
    "tombstone": Row(lambda _r: None, "MALFORMED_RECORD", {}),
    "over-size": Row(lambda r: r.value[:5] + bytes(1_010_000), "TOO_LARGE", {}),
    "no key": Row(lambda r: r.value, "TENANT_MISMATCH", {"key": None}),
    "another tenant's key": Row(lambda r: r.value, "TENANT_MISMATCH", {"key": b"plant-b"}),
    "wrong partition": Row(
        lambda r: r.value, "WRONG_PARTITION", {"partition": (partition_of(TENANT) + 1) % 8}
    ),
    "header type differs": Row(
        lambda r: r.value, "ENVELOPE_INVALID", {"headers": [("ce_type", b"GrantRole")]}
    ),
    "header id differs": Row(
        lambda r: r.value, "ENVELOPE_INVALID", {"headers": [("ce_id", b"cmd-other")]}
    ),
    "tenant that is no slug": Row(
        lambda r: envelope_of(r, tenant_id="ACME"), "ENVELOPE_INVALID", {}
    ),
    "a fact on an input topic": Row(lambda r: envelope_of(r, kind="event"), "ENVELOPE_INVALID", {}),
}


@pytest.mark.parametrize("row", DEAD)
def test_what_cannot_be_decided_on_is_one_dead_letter_and_the_next_is_decided(
    plant: Plant, row: str
) -> None:
    bad = DEAD[row]
    record = good()
    letters = DeadLetters(plant.bootstrap)
    put(plant, record, bad.value(record), **bad.changes)
    outcome = plant.ask(
        "CreateProject", TENANT, project_id=f"proj-{uuid7()}", name=f"P {uuid7()}", intent="x"
    )
    found = letters.take(1)
    assert outcome.accepted
    assert [letter.code for letter in found] == [bad.code]
    assert found[0].rule
    assert found[0].source_topic == record.topic
    assert found[0].value == bad.value(record)
    assert not [e for e in plant.facts(TENANT) if e.envelope.causation_id == record.command_id]


def test_an_unknown_tenant_is_a_dead_letter(plant: Plant) -> None:
    outcome = plant.ask(
        "CreateProject", "nobody-here", project_id=f"proj-{uuid7()}", name="x", intent="x"
    )
    assert isinstance(outcome.dead_letter, DeadLetter)
    assert outcome.dead_letter.code == "UNKNOWN_TENANT"


def refusal(plant: Plant, command_id: str) -> CommandRejected:
    """Wait for the one refusal of a command."""
    found: list[CommandRejected] = []

    def came() -> bool:
        found[:] = [
            e.payload
            for e in plant.facts(TENANT)
            if isinstance(e.payload, CommandRejected) and e.payload.command_id == command_id
        ]
        return bool(found)

    until(f"the refusal of {command_id}", came, 30)
    assert len(found) == 1
    return found[0]


def sound(name: str) -> CommandRecord:
    """Give a command that its own input topic would admit."""
    owner, mesh = Actor("user", OWNER), Actor("service", "service:agent-mesh")
    if name == "GrantApproval":
        grant = command("GrantApproval", approval_id=f"apr-{uuid7()}", comment="")
        return command_record(grant, tenant_id=TENANT, actor=owner)
    if name == "CreateProject":
        return good()
    claim = command(
        "ClaimAgentTask", task_id=f"task-{UUID(int=1)}", execution_id=f"exec-{UUID(int=2)}",
        agent_id="ConnectSoft.Agent.Adder", agent_version="1.0.0", attempt=1, lease_token="x" * 64,
    )  # fmt: skip
    return command_record(claim, tenant_id=TENANT, actor=mesh)


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("CreateProject", AGENT_MESH_RESULTS),
        ("GrantApproval", AGENT_MESH_RESULTS),
        ("ClaimAgentTask", COMMANDS),
    ],
)
def test_a_type_that_its_input_topic_does_not_admit_is_forbidden(
    plant: Plant, name: str, topic: str
) -> None:
    record = sound(name)
    put(plant, record, topic=topic)
    refused = refusal(plant, record.command_id)
    assert (refused.code, refused.command_type) == ("FORBIDDEN", name)
    assert refused.rule


def test_a_repeated_id_gets_the_same_answer_and_no_second_effect(plant: Plant) -> None:
    record = good()
    producer = plant.by(OWNER)
    producer.deliver(record)
    producer.deliver(record)
    until(
        "the first outcome",
        lambda: any(e.envelope.causation_id == record.command_id for e in plant.facts(TENANT)),
        30,
    )
    created = plant.must(
        "CreateProject", TENANT, project_id=f"proj-{uuid7()}", name=f"P {uuid7()}", intent="x"
    )
    assert created.sequence
    of_it = [e for e in plant.facts(TENANT) if e.envelope.causation_id == record.command_id]
    effects = [e.envelope.event_type for e in of_it if e.envelope.sequence is not None]
    assert effects.count("ProjectCreated") == 1
    assert [e.envelope.event_type for e in of_it if e.envelope.sequence is None] == [
        "CommandRepeated"
    ]


def test_a_repeated_id_with_other_content_is_a_duplicate(plant: Plant) -> None:
    first = good()
    plant.by(OWNER).deliver(first)
    other = good(command_id=first.command_id)
    plant.by(OWNER).deliver(other)
    refused = refusal(plant, first.command_id)
    assert refused.code == "DUPLICATE"


def test_an_id_older_than_the_horizon_is_expired(plant: Plant) -> None:
    old = UUID(int=uuid7().int - (30 * 24 * 3600 * 1000 << 80))
    record = good(command_id=f"cmd-{old}")
    plant.by(OWNER).deliver(record)
    assert refusal(plant, record.command_id).code == "EXPIRED"


def test_a_field_that_breaks_its_rule_is_named(plant: Plant) -> None:
    record = good()
    schema_id, payload = encode_payload(
        CreateProject(project_id="proj-1", name="x", intent="x")  # type: ignore[arg-type]
    )
    value = envelope_of(record, payload=payload, payload_schema_id=schema_id, project_id=None)
    put(plant, record, value)
    refused = refusal(plant, record.command_id)
    assert (refused.code, refused.field) == ("INVALID_ARGUMENT", "projectId")
    assert refused.rule


def test_a_stale_lease_and_a_wrong_token_are_refused_and_recorded(plant: Plant) -> None:
    instance = plant.start(TENANT, "add-five", value=1)
    _, assigned = plant.wait_for(TENANT, instance, "AgentTaskAssigned")
    result = command(
        "CompleteAgentTask",
        task_id=assigned.task_id,  # type: ignore[attr-defined]
        execution_id=f"exec-{uuid7()}",
        agent_id="ConnectSoft.Agent.Adder",
        agent_version="1.0.0",
        attempt=1,
        lease_token="f" * 64,
        output=json.dumps({"value": 666}),
        model_invocations=[],
        output_artifacts=[],
        input_artifact_ids=[],
        validation={"passed": True, "findings": []},
        context_package_id=None,
        started_at="2026-01-01T00:00:00Z",
        completed_at="2026-01-01T00:00:00Z",
    )
    record = command_record(result, tenant_id=TENANT, actor=Actor("service", "service:agent-mesh"))
    plant.by("service:agent-mesh").deliver(record)
    refused = refusal(plant, record.command_id)
    assert refused.code == "STALE_LEASE"
    plant.wait_for(TENANT, instance, "WorkflowInstanceCompleted")
    facts = plant.facts(TENANT, instance)
    assert "666" not in str([e.payload for e in facts])


def listed(
    plant: Plant, tenant: str, *arguments: str, role: str = "TenantOwner"
) -> list[dict[str, str]]:
    """Give what a list command of `factory` prints for a tenant's token."""
    token = plant.factory("token", "issue", "--tenant", tenant, "--role", role)
    assert token.returncode == 0, token.stderr
    shown = plant.factory(*arguments, "--json", FACTORY_TOKEN=token.stdout.strip())
    assert shown.returncode == 0, shown.stderr
    return json.loads(shown.stdout)  # type: ignore[no-any-return]


def test_a_refusal_is_listed_in_the_audit_and_a_dead_letter_among_the_dead(plant: Plant) -> None:
    refused = plant.ask("GrantApproval", TENANT, approval_id=f"apr-{uuid7()}", comment="")
    assert refused.rejection is not None
    record = good()
    letters = DeadLetters(plant.bootstrap)
    put(plant, record, record.value + b"x")
    letter = letters.take(1)[0]
    source = f"{letter.source_topic}:{letter.source_partition}:{letter.source_offset}"
    found: dict[str, list[dict[str, str]]] = {}

    def both() -> bool:
        audit = listed(plant, TENANT, "audit", "list", "--resource", refused.command_id)
        dead = listed(
            plant, "system", "dead-letters", "list", "--limit", "500", role="PlatformAdmin"
        )
        found["audit"] = audit
        found["dead"] = [entry for entry in dead if entry["source"] == source]
        return bool(found["audit"]) and bool(found["dead"])

    until("both lists", both, 60)
    assert [(a["code"], a["outcome"]) for a in found["audit"]] == [("NOT_FOUND", "Refused")]
    assert [(d["code"], d["rule"]) for d in found["dead"]] == [("MALFORMED_RECORD", letter.rule)]
