"""The state topic is deleted under running workflows: it comes again from the facts, and they go on to their ends."""

import json
import urllib.request
from pathlib import Path

import pytest

from tests.fault import verdict
from tests.fault.site import AGENTS, WORKERS, until
from tests.integration.people import Plant
from tests.integration.recovery.tenants import LOST
from topics import naming
from topics.catalogue import TOPICS
from topics.model import PARTITIONS
from topics.provision import admin_client, provision

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

DEFINITION = (Path(__file__).parent / "three_waits.yaml").read_text(encoding="utf-8")
EACH = 6


def test_running_workflows_go_on_after_the_state_topic_is_deleted(system: Plant) -> None:
    running = begin(system)
    for name in WORKERS:
        assert system.site.stop(name) == 0
    before = verdict.digests([*LOST, "system"])
    delete_state(system)
    for name in WORKERS:
        system.site.start_worker(name)
    system.site.wait_for_workers()
    assert sum(status(system, name)["rebuiltPartitions"] for name in WORKERS) == PARTITIONS

    after = verdict.digests([*LOST, "system"])
    assert all(found["equal"] for found in after.values()), after
    # The waits of 15 s may have ended meanwhile; the platform's own state has no reason to move.
    assert after["system"] == before["system"]
    finish(system, running)
    report = verdict.verify()
    assert report.get("sound"), report


def begin(system: Plant) -> set[tuple[str, str]]:
    """Start workflows that wait for the clock, for a person and for agents."""
    for tenant in LOST:
        system.must("PublishWorkflowDefinition", tenant, name="three-waits", version="1.0.0",
                    definition=DEFINITION)  # fmt: skip
    running = {
        (tenant, system.start(tenant, name, owner, value=number))
        for tenant in LOST
        for owner, name in (("system", "add-five"), (tenant, "three-waits"))
        for number in range(EACH)
    }
    kinds = {tenant: [e.envelope.event_type for e in system.facts(tenant)] for tenant in LOST}
    assert all(kinds[tenant].count("AgentTaskAssigned") == 2 * EACH for tenant in LOST)
    assert all(kinds[tenant].count("ApprovalRequested") == EACH for tenant in LOST)
    return running


def delete_state(system: Plant) -> None:
    """Delete the state topic with all its records and make an empty one."""
    admin = admin_client(system.bootstrap)
    admin.delete_topics([naming.STATE])[naming.STATE].result(20)
    until("the topic is gone", lambda: naming.STATE not in admin.list_topics(timeout=10).topics, 30)
    provision(admin, TOPICS)


def status(system: Plant, name: str) -> dict[str, int]:
    """Read a worker's status page."""
    with urllib.request.urlopen(system.site.pages[name] + "/", timeout=10) as page:  # noqa: S310 - our own loopback URL
        found: dict[str, int] = json.load(page)
    return found


def finish(system: Plant, running: set[tuple[str, str]]) -> None:
    """Let agents and people do their part, until every workflow has ended well."""
    for name in AGENTS:
        system.site.start_agent(name)
    for tenant in LOST:
        for event in system.facts(tenant):
            if event.envelope.event_type == "ApprovalRequested":
                asked = event.payload.approval_id  # type: ignore[attr-defined]
                system.must("GrantApproval", tenant, approval_id=asked, comment="go on")
    for tenant, instance in running:
        system.wait_for(tenant, instance, "WorkflowInstanceCompleted")
    for name in AGENTS:
        assert system.site.stop(name) == 0
