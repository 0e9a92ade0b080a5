import re

import pytest
from msgspec.structs import replace

from processors.artifacts import register
from processors.artifacts.state import Artifact
from schemas.messages.artifacts.facts import ArtifactCreated
from tests.unit.artifacts.given import (
    AGENT,
    DECISION,
    OTHER_HASH,
    OTHER_PROJECT,
    OUTPUT,
    PROJECT,
    SKILL,
    TASK,
    WORKFLOW,
    registered,
)
from tests.unit.scenario import Scenario


def edges(scenario: Scenario) -> list[tuple[str, str, str]]:
    created = scenario.fact(ArtifactCreated)
    assert {(edge.from_type, edge.from_id) for edge in created.edges} == {
        ("Artifact", created.artifact_id)
    }
    return [(edge.edge_type, edge.to_type, edge.to_id) for edge in created.edges]


def test_an_output_becomes_an_artifact_with_its_origin() -> None:
    scenario = Scenario()
    (artifact_id,) = registered(scenario)
    created = scenario.fact(ArtifactCreated)
    assert re.fullmatch(r"art-[0-9a-f-]{36}", artifact_id)
    assert (created.artifact_id, created.name, created.version) == (
        artifact_id,
        "order-service",
        "1.0.0",
    )
    assert created.storage_ref == OUTPUT.storage_ref
    assert created.classification == "Internal"
    assert edges(scenario) == [
        ("PRODUCED_BY", "AgentTask", TASK),
        ("PRODUCED_BY", "Agent", AGENT),
        ("PRODUCED_BY", "Skill", SKILL),
        ("DECIDED_BY", "PolicyDecision", DECISION),
        ("PART_OF", "Workflow", WORKFLOW),
        ("PART_OF", "Project", PROJECT),
    ]


def test_the_fact_carries_what_it_belongs_to() -> None:
    scenario = Scenario()
    registered(scenario)
    assert scenario.decision is not None
    scope = scenario.decision.recorded[0].meta.scope
    assert (scope.task_id, scope.workflow_instance_id, scope.project_id) == (
        TASK,
        WORKFLOW,
        PROJECT,
    )


def test_an_artifact_derives_from_each_input_once_and_never_from_itself() -> None:
    scenario = Scenario()
    blueprint, own = registered(scenario, (replace(OUTPUT, name="blueprint"), OUTPUT))
    registered(scenario, (replace(OUTPUT, version="2.0.0"),), (blueprint, blueprint, own))
    derived = [to_id for kind, _, to_id in edges(scenario) if kind == "DERIVED_FROM"]
    assert derived == [blueprint]


def test_an_artifact_keeps_its_id_over_versions() -> None:
    scenario = Scenario()
    (first,) = registered(scenario)
    (second,) = registered(scenario, (replace(OUTPUT, version="1.1.0", content_hash=OTHER_HASH),))
    assert first == second
    artifact = scenario.tables.get(Artifact, first)
    assert artifact is not None
    assert [version.version for version in artifact.versions] == ["1.0.0", "1.1.0"]
    assert scenario.decision is not None
    assert scenario.decision.recorded[0].meta.aggregate_version == 2


def test_the_same_content_again_is_no_new_fact() -> None:
    scenario = Scenario()
    first = registered(scenario)
    assert registered(scenario) == first
    assert scenario.facts == []


def test_other_content_under_a_registered_version_is_never_registered() -> None:
    scenario = Scenario()
    registered(scenario)
    with pytest.raises(AssertionError, match="was not checked"):
        registered(scenario, (replace(OUTPUT, content_hash=OTHER_HASH),))


def test_a_name_means_another_artifact_in_another_project_and_tenant() -> None:
    acme, globex = Scenario("acme"), Scenario("globex")
    ids = [
        *registered(acme),
        *registered(acme, project=OTHER_PROJECT),
        *registered(acme, project=None),
        *registered(globex),
    ]
    assert len(set(ids)) == 4


def test_outside_a_workflow_and_project_there_is_no_edge_to_them() -> None:
    scenario = Scenario()
    register(
        scenario.decide(),
        outputs=(OUTPUT,),
        task_id=TASK,
        workflow_instance_id=None,
        project_id=None,
        agent_id=AGENT,
        skill=SKILL,
        decision_id=None,
        input_artifact_ids=(),
    )
    assert {kind for kind, _, _ in edges(scenario)} == {"PRODUCED_BY"}
