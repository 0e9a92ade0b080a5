"""A definition that is no seed, from a file to its end; and one with twenty faults, named by line (on real Kafka)."""

import json
from pathlib import Path

import pytest

from tests.integration.people import OWNER, Plant
from topics.command import uuid7

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

DATA = Path(__file__).resolve().parents[1] / "data" / "definitions"
TENANT = "plant-b"
LINES = [2, 6, 9, 12, 14, 20, 21, 22, 26, 27, 29, 29, 31, 33, 37, 43, 44, 46, 48, 52]


def test_a_definition_of_many_shapes_is_published_started_and_runs_to_its_end(plant: Plant) -> None:
    published = plant.factory(
        "definitions",
        "publish",
        str(DATA / "many_shapes.yaml"),
        "--tenant",
        TENANT,
        "--actor",
        OWNER,
    )
    assert published.returncode == 0, published.stdout + published.stderr
    instance = f"wf-{uuid7()}"
    started = plant.factory(
        "workflow", "start", "many-shapes", "--tenant", TENANT, "--actor", OWNER, "--id", instance,
        "--input", json.dumps({"value": 41}),
    )  # fmt: skip
    assert started.returncode == 0, started.stdout + started.stderr
    _, request = plant.wait_for(TENANT, instance, "ApprovalRequested", seconds=120)
    approval = request.approval_id  # type: ignore[attr-defined]
    assert request.title == "Go on with 42?"  # type: ignore[attr-defined]
    granted = plant.factory(
        "command", "send", "GrantApproval", "--tenant", TENANT, "--actor", OWNER,
        "--data", json.dumps({"approvalId": approval, "comment": "go"}),
    )  # fmt: skip
    assert granted.returncode == 0, granted.stdout + granted.stderr
    _, completed = plant.wait_for(TENANT, instance, "WorkflowInstanceCompleted")
    output = json.loads(completed.output)  # type: ignore[attr-defined]
    assert output == {"value": 42, "turns": 100, "reason": "on purpose at 42"}
    kinds = [e.envelope.event_type for e in plant.facts(TENANT, instance)]
    assert kinds.count("AgentTaskCompleted") == 20 + 100 + 1


def test_twenty_faults_are_named_by_line_offline_and_on_publishing(plant: Plant) -> None:
    file = str(DATA / "twenty_faults.yaml")
    offline = plant.factory("definitions", "check", file, "--json")
    assert offline.returncode == 1
    assert [finding["line"] for finding in json.loads(offline.stdout)] == LINES
    published = plant.factory(
        "definitions", "publish", file, "--tenant", TENANT, "--actor", OWNER, "--json"
    )
    assert published.returncode == 1
    rejection = json.loads(published.stdout)["rejection"]
    assert (rejection["code"], rejection["field"]) == ("INVALID_ARGUMENT", "definition")
    assert [finding["line"] for finding in json.loads(rejection["got"])] == LINES
    shown = plant.factory("definitions", "publish", file, "--tenant", TENANT, "--actor", OWNER)
    assert "Refused, INVALID_ARGUMENT" in shown.stdout
    assert "no task and no set gives context.nobody" in shown.stdout
    facts = [e.envelope.event_type for e in plant.facts(TENANT)]
    assert facts.count("WorkflowDefinitionPublished") <= 1


def test_a_version_that_is_published_never_changes(plant: Plant) -> None:
    file = DATA / "many_shapes.yaml"
    arguments = ("--tenant", "plant-a", "--actor", OWNER)
    assert plant.factory("definitions", "publish", str(file), *arguments).returncode == 0
    again = plant.factory("definitions", "publish", str(file), *arguments)
    assert again.returncode == 1
    assert "ALREADY_EXISTS" in again.stdout
