"""No payload, token or secret is in any log, figure or span: canaries are put in and looked for everywhere."""

import json
from collections.abc import Iterable

import pytest
from confluent_kafka import Producer
from msgspec.structs import replace

from schemas.codec import decode_envelope, decode_payload, encode_envelope
from schemas.messages.workflow.messages import AgentTaskAssignment
from tests.integration.dead_letters import DeadLetters
from tests.integration.observe.conftest import SECRET, TENANT, Observed
from tests.integration.observe.pages import ask, metric
from tests.integration.observe.test_trace import records, started, wait_for_tree
from tests.integration.people import OWNER, command
from topics.command import Actor, CommandRecord, command_record, uuid7
from topics.headers import Headers
from topics.naming import AGENT_MESH_TASKS, COMMANDS
from topics.partition import partition_of
from topics.settings import producer_options

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

WORD = "canary-7c1e"
"""Begins everything that must show up nowhere but on the topics."""
NOWHERE = f"wf-{uuid7()}"


def paused(reason: str) -> CommandRecord:
    """Give a command on a workflow that does not exist; its reason is refused with it."""
    asked = command("PauseWorkflow", workflow_instance_id=NOWHERE, reason=reason)
    return command_record(asked, tenant_id=TENANT, actor=Actor("user", OWNER))


def broken_records() -> Iterable[tuple[bytes, bytes, Headers]]:
    """Give (key, value, headers) of records that end as dead letters, each with a canary in another place."""
    record, key = paused(f"{WORD}-broken"), TENANT.encode()
    envelope = decode_envelope(record.value)
    yield key, f"{WORD}-bytes".encode(), []
    yield f"{WORD}-key".encode(), record.value, []
    yield key, record.value, [("ce_type", f"{WORD}-header".encode())]
    yield key, encode_envelope(replace(envelope, event_type=f"{WORD}-type")), []
    yield key, encode_envelope(replace(envelope, correlation_id=f"{WORD} correlation")), []
    yield key, encode_envelope(replace(envelope, trace_id=f"{WORD}-trace")), []


def put_broken(observed: Observed) -> int:
    """Put them on the input topic; give how many."""
    producer = Producer(producer_options(observed.plant.bootstrap))
    sent = 0
    for key, value, headers in broken_records():
        producer.produce(COMMANDS, value, key, partition_of(TENANT), headers=headers)
        sent += 1
    assert producer.flush(20) == 0
    return sent


def ask_the_api(observed: Observed) -> list[str]:
    """Read by the API with a good token and with bad ones; give what must not show up."""
    plant = observed.plant
    issued = plant.factory("token", "issue", "--tenant", TENANT, "--role", "Viewer")
    token = issued.stdout.strip()
    shown = plant.factory("workflow", "list", FACTORY_TOKEN=token)
    assert shown.returncode == 0, shown.stderr
    for bad in (f"{WORD}-token", token[:-8] + "AAAAAAAA"):
        refused = plant.factory("workflow", "list", FACTORY_TOKEN=bad)
        assert refused.returncode == 1
    assert ask(f"{plant.site.api}/api/v1/{WORD}-path?x={WORD}-query").status == 404
    header, claims, signature = token.split(".")
    assert len(signature) > 40
    return [f"{header}.{claims}", signature, claims]


def lease_tokens(observed: Observed) -> list[str]:
    """Give the tokens by which agents hold their leases."""
    found = []
    for message in records(observed, AGENT_MESH_TASKS):
        envelope = decode_envelope(message.value())
        contract = decode_payload(envelope.payload_schema_id, envelope.payload)
        if isinstance(contract, AgentTaskAssignment):
            found.append(contract.lease_token)
    return found


def key_texts(observed: Observed) -> list[str]:
    """Give every line of every key file of the system that is long enough to be a secret."""
    files = [path for path in (observed.folder / "keys").rglob("*") if path.is_file()]
    lines = [line for path in files for line in path.read_text(errors="replace").splitlines()]
    return [line for line in lines if len(line) > 20 and not line.startswith("-----")]


def told(observed: Observed) -> dict[str, str]:
    """Give all that operators are told: logs, pages, spans."""
    plant = observed.plant
    pages = {
        f"{base}/{page}": ask(f"{base}/{page}")
        for base in (observed.worker, observed.feed, plant.site.api)
        for page in ("", "metrics", "healthz", "readyz")
    }
    assert pages[f"{observed.worker}/metrics"].status == 200
    assert pages[f"{observed.feed}/metrics"].status == 200
    assert pages[f"{plant.site.api}/metrics"].status == 200
    spans = b"\n".join(observed.collector.raw).decode("latin-1")
    return {**observed.logs(), **{url: page.text for url, page in pages.items()}, "spans": spans}


def test_canaries_are_on_the_topics_and_nowhere_in_what_operators_see(observed: Observed) -> None:
    plant, letters = observed.plant, DeadLetters(observed.plant.bootstrap)
    given = {"product": f"{WORD}-product", "difficulty": "easy"}
    instance, caller = started(observed, "governed-delivery", given)
    plant.must(
        "RegisterPrincipal", TENANT, principal_id="user:c", kind="user", display_name=f"{WORD}-name"
    )
    refused = plant.ask(
        "PauseWorkflow", TENANT, workflow_instance_id=NOWHERE, reason=f"{WORD}-reason"
    )
    assert refused.rejection is not None
    sent = put_broken(observed)
    secrets = [WORD, SECRET, *ask_the_api(observed), *key_texts(observed)]
    found = letters.take(sent)
    plant.wait_for(TENANT, instance, "ApprovalRequested")
    wait_for_tree(observed, caller, 1)
    secrets += lease_tokens(observed)
    assert len(found) == sent

    # They did travel: what is looked for was there to be told.
    facts = [event.payload for event in plant.facts(TENANT)]
    assert any(f"{WORD}-product" in repr(fact) for fact in facts)
    assert any(f"{WORD}-name" in repr(fact) for fact in facts)
    assert sum(WORD in repr(letter) for letter in found) == sent
    for said in told_of_what_happened(observed, instance):
        assert said

    leaks = {
        (where, secret[:40])
        for where, text in told(observed).items()
        for secret in secrets
        if secret in text
    }
    assert leaks == set()


def told_of_what_happened(observed: Observed, instance: str) -> Iterable[bool]:
    """Give whether operators were told of it at all: a silent system would leak nothing either."""
    log = observed.logs()["worker-1"]
    yield "MALFORMED_RECORD at cp.commands.v1" in log
    yield any(
        span.attributes.get("factory.refusal") == "NOT_FOUND" for span in observed.collector.spans()
    )
    yield any(
        span.attributes.get("factory.workflow") == instance for span in observed.collector.spans()
    )
    page = ask(f"{observed.worker}/metrics").text
    yield metric(page, "factory_worker_dead_letters_total") >= 6
    yield metric(page, "factory_refusals_total", code="NOT_FOUND") >= 1


def test_every_line_of_a_log_is_one_json_object(observed: Observed) -> None:
    for name in ("worker-1", "query", "feed"):
        for line in observed.logs()[name].splitlines():
            document = json.loads(line)
            assert {"time", "level", "logger", "message"} <= document.keys(), (name, line)
