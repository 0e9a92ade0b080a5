from typing import Any

import pytest
from msgspec.structs import replace

from processors.artifacts import check_outputs
from processors.artifacts.state import Artifact, ArtifactVersion
from tests.unit.artifacts.given import (
    HASH,
    OTHER_HASH,
    OTHER_PROJECT,
    OUTPUT,
    PROJECT,
    registered,
)
from tests.unit.scenario import Scenario


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"name": "openapi.v2_draft-3"},
        {"name": "a" * 128},
        {"artifact_type": "OpenApi"},
        {"version": "0.0.0"},
        {"storage_ref": "s3://bucket/a/b.c"},
        {"classification": "Restricted"},
    ],
)
def test_what_obeys_the_rules_has_no_findings(changed: dict[str, Any]) -> None:
    assert check_outputs([replace(OUTPUT, **changed)]) == []


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("name", ""),
        ("name", "../../etc/passwd"),
        ("name", "a/b"),
        ("name", "a..b"),
        ("name", ".hidden"),
        ("name", "name\n"),
        ("name", "näme"),
        ("name", "x'; DROP TABLE artifacts; --"),
        ("name", "a" * 129),
        ("artifact_type", "source code"),
        ("artifact_type", "-source"),
        ("version", "1.0"),
        ("version", "01.0.0"),
        ("version", "1.0.0-rc1"),
        ("content_hash", "0" * 64),
        ("content_hash", "sha256:" + "g" * 64),
        ("content_hash", "sha256:" + "0" * 63),
        ("content_hash", "md5:" + "0" * 64),
        ("storage_ref", "/etc/passwd"),
        ("storage_ref", "file:///etc/passwd"),
        ("storage_ref", "blob://acme/../globex/secret"),
        ("storage_ref", "blob://acme//secret"),
        ("storage_ref", "blob://acme/.ssh/id"),
        ("storage_ref", "blob://acme/%2e%2e/secret"),
        ("storage_ref", "blob://acme/ä"),
        ("storage_ref", "blob://acme/a?b=c"),
        ("storage_ref", "blob://" + "a" * 500),
        ("classification", "Secret"),
        ("classification", "internal"),
    ],
)
def test_hostile_values_are_findings(part: str, value: str) -> None:
    found = check_outputs([OUTPUT, replace(OUTPUT, **{"name": "other", part: value})])
    assert len(found) == 1
    assert found[0].startswith(f"outputArtifacts/1: {part.replace('_', ' ')} ")
    assert found[0].isprintable()
    assert len(found[0]) < 200


def test_each_part_that_is_wrong_is_a_finding_of_its_own() -> None:
    assert len(check_outputs([replace(OUTPUT, name="", version="", storage_ref="")])) == 3


def test_a_name_and_version_stand_once_in_a_result() -> None:
    found = check_outputs([OUTPUT, replace(OUTPUT, version="2.0.0"), OUTPUT])
    assert found == ["outputArtifacts/2: name and version come twice"]


def with_artifact() -> Scenario:
    scenario = Scenario()
    registered(scenario)
    return scenario


def test_what_is_registered_with_the_same_content_may_come_again() -> None:
    decision = with_artifact().decide()
    assert check_outputs([OUTPUT], decision=decision, project_id=PROJECT) == []


def test_other_content_under_a_registered_version_is_a_finding() -> None:
    decision = with_artifact().decide()
    other = replace(OUTPUT, content_hash=OTHER_HASH)
    assert check_outputs([other], decision=decision, project_id=PROJECT) == [
        "outputArtifacts/0: 'order-service' 1.0.0 exists with other content"
    ]
    assert check_outputs([other], decision=decision, project_id=OTHER_PROJECT) == []


def test_an_artifact_stays_of_its_type() -> None:
    decision = with_artifact().decide()
    other = replace(OUTPUT, version="2.0.0", artifact_type="document")
    assert check_outputs([other], decision=decision, project_id=PROJECT) == [
        "outputArtifacts/0: 'order-service' is of type source and stays so"
    ]


def test_an_artifact_has_a_limited_number_of_versions() -> None:
    scenario = with_artifact()
    (artifact_id,) = registered(scenario)
    artifact = scenario.tables.get(Artifact, artifact_id)
    assert artifact is not None
    many = tuple(ArtifactVersion(version=f"1.0.{n}", content_hash=HASH) for n in range(1000))
    scenario.tables.put(artifact_id, replace(artifact, versions=many))
    decision = scenario.decide()
    assert check_outputs([OUTPUT], decision=decision, project_id=PROJECT) == []
    found = check_outputs([replace(OUTPUT, version="2.0.0")], decision=decision, project_id=PROJECT)
    assert found == ["outputArtifacts/0: 'order-service' has 1000 versions, the most there may be"]


def test_inputs_are_artifacts_of_the_tenant() -> None:
    scenario = with_artifact()
    (known,) = registered(scenario)
    stranger = registered(Scenario("globex"))[0]
    found = check_outputs(
        [], decision=scenario.decide(), input_artifact_ids=[known, stranger, "\n"]
    )
    assert found == [
        f"inputArtifactIds/1: '{stranger}' names no artifact",
        "inputArtifactIds/2: '\\n' names no artifact",
    ]
