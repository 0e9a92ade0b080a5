"""A policy that is published while workflows run decides from its own place in the tenant's order on (real Kafka)."""

import pytest

from schemas.messages.governance.facts import PolicyDecisionRecorded, PolicyPublished
from tests.fault.site import until
from tests.integration.people import Plant

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

TENANT = "plant-b"
FORBID = """
@id("nothing-is-assigned-now")
forbid (principal, action == Factory::Action::"agent-task:assign", resource);
"""
ALLOW = """
@id("no-more-than-the-platform-says")
permit (principal, action == Factory::Action::"nothing:at-all", resource);
"""


def test_a_policy_flipped_during_a_run_changes_outcomes_at_once(plant: Plant) -> None:
    running = [plant.start(TENANT, "add-five", value=number) for number in range(10)]
    flip(plant, "1.0.0", FORBID)
    running += [plant.start(TENANT, "add-five", value=number) for number in range(5)]
    escalated = "WorkflowInstanceEscalated"
    until(
        "every instance that was not done is escalated",
        lambda: all(ended(plant, instance) for instance in running),
        60,
    )
    facts = plant.facts(TENANT)
    flipped = next(e.envelope.sequence for e in facts if isinstance(e.payload, PolicyPublished))
    assert flipped is not None
    asked = [
        (e.envelope.sequence or 0, e.payload)
        for e in facts
        if isinstance(e.payload, PolicyDecisionRecorded) and e.payload.action == "agent-task:assign"
    ]
    assert {p.effect for n, p in asked if n < flipped} == {"Allow"}
    after = [p for n, p in asked if n > flipped]
    assert len(after) >= 5
    assert {p.effect for p in after} == {"Deny"}
    assert all(
        any("nothing-is-assigned-now" in rule for rule in p.determining_rules) for p in after
    )
    assert len({p.bundle_hash for n, p in asked}) == 2
    stuck = [i for i in running if escalated in kinds(plant, i)]
    flip(plant, "1.0.1", ALLOW)
    for instance in stuck:
        _, fact = plant.wait_for(TENANT, instance, escalated)
        plant.must(
            "RetryWorkflowStep", TENANT, workflow_instance_id=instance,
            step_path=fact.step_path, reason="the policy is gone",  # type: ignore[attr-defined]
        )  # fmt: skip
        plant.wait_for(TENANT, instance, "WorkflowInstanceCompleted")


def flip(plant: Plant, version: str, text: str) -> None:
    """Publish a version of the tenant's policy."""
    plant.must(
        "DefinePolicy",
        TENANT,
        name="flip",
        version=version,
        domain="risk",
        mode="enforce",
        text=text,
    )
    plant.must("PublishPolicy", TENANT, name="flip", version=version)


def kinds(plant: Plant, instance: str) -> list[str]:
    """Give the types of an instance's facts."""
    return [e.envelope.event_type for e in plant.facts(TENANT, instance)]


def ended(plant: Plant, instance: str) -> bool:
    """Tell whether an instance is completed or waits for a person."""
    return bool(
        {"WorkflowInstanceCompleted", "WorkflowInstanceEscalated"} & set(kinds(plant, instance))
    )
