"""From a typed command to a record: ids, rules, topic, partition, headers."""

import re
import time

import pytest

from schemas.codec import decode_envelope, decode_payload
from schemas.edge.workflow.commands import PauseWorkflow
from schemas.messages.workflow import commands
from topics.command import (
    Actor,
    CommandInvalidError,
    command_record,
    input_topic_of,
    new_command_id,
    new_intent,
    uuid7,
)
from topics.naming import AGENT_MESH_RESULTS, COMMANDS
from topics.partition import partition_of

OLGA = Actor("user", "user:olga")
INSTANCE = f"wf-{uuid7()}"
PAUSE = PauseWorkflow(workflow_instance_id=INSTANCE, reason="freeze")


def test_a_command_becomes_a_framed_envelope_keyed_by_its_tenant() -> None:
    record = command_record(PAUSE, tenant_id="acme", actor=OLGA)
    envelope = decode_envelope(record.value)
    assert (record.topic, record.key, record.partition) == (COMMANDS, b"acme", partition_of("acme"))
    assert (envelope.kind, envelope.event_type) == ("command", "PauseWorkflow")
    assert envelope.workflow_instance_id == INSTANCE
    payload = decode_payload(envelope.payload_schema_id, envelope.payload)
    assert payload == commands.PauseWorkflow(workflow_instance_id=INSTANCE, reason="freeze")  # type: ignore[arg-type]


def test_the_seven_headers_say_what_the_envelope_says() -> None:
    intent = new_intent()
    record = command_record(PAUSE, tenant_id="acme", actor=OLGA, intent=intent)
    headers = dict(record.headers)
    assert list(headers) == [
        "ce_specversion",
        "ce_id",
        "ce_source",
        "ce_type",
        "ce_time",
        "traceparent",
        "content-type",
    ]
    assert headers["ce_id"] == record.command_id.encode()
    assert headers["ce_type"] == b"PauseWorkflow"
    parent = str(headers["traceparent"], "ascii")  # type: ignore[arg-type]
    assert re.fullmatch(rf"00-{intent.trace_id}-[0-9a-f]{{16}}-01", parent)


def test_ids_are_uuid7_of_now_and_never_the_same() -> None:
    before = time.time_ns() // 1_000_000
    ids = [uuid7() for _ in range(1000)]
    assert len(set(ids)) == len(ids)
    assert {each.version for each in ids} == {7}
    assert all(before <= each.int >> 80 <= before + 60_000 for each in ids)
    assert re.fullmatch(r"cmd-[0-9a-f-]{36}", new_command_id())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tenant_id": "ACME"}, "tenantId"),
        ({"tenant_id": "acme\n"}, "tenantId"),
        ({"tenant_id": "../acme"}, "tenantId"),
        ({"approval_id": "apr-1"}, "approvalId"),
    ],
)
def test_an_envelope_that_breaks_a_rule_is_not_sent(changes: dict[str, str], field: str) -> None:
    with pytest.raises(CommandInvalidError, match=field):
        command_record(PAUSE, **{"tenant_id": "acme", "actor": OLGA, **changes})  # type: ignore[arg-type]


def test_a_record_that_breaks_a_rule_of_its_schema_is_not_sent() -> None:
    bad = commands.PauseWorkflow(workflow_instance_id="wf-1", reason="x")  # type: ignore[arg-type]
    with pytest.raises(CommandInvalidError, match="workflowInstanceId"):
        command_record(bad, tenant_id="acme", actor=OLGA)


def test_a_command_over_the_size_limit_is_not_sent() -> None:
    big = commands.StartWorkflow(
        workflow_instance_id=INSTANCE,  # type: ignore[arg-type]
        definition_owner="system",
        definition_name="big",
        definition_version="",
        input='"' + "x" * 1_000_001 + '"',
        priority=3,
    )
    with pytest.raises(CommandInvalidError, match=r"StartWorkflow"):
        command_record(big, tenant_id="acme", actor=OLGA)


def test_what_agents_report_has_an_input_topic_of_its_own() -> None:
    assert input_topic_of("CompleteAgentTask") == AGENT_MESH_RESULTS
    with pytest.raises(CommandInvalidError, match="No input topic admits Nonsense"):
        input_topic_of("Nonsense")
