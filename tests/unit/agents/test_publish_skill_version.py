import pytest
from msgspec.structs import replace

from processors.agents.state import Skill, SkillVersion
from processors.contract import Rejection
from schemas.messages.agents.commands import PublishSkillVersion
from tests.unit.agents.assets import NUMBER, SKILL, SKILL_PUBLISHED, SKILL_REGISTERED, skill_version
from tests.unit.gate_answer import GATE_REFUSALS, GateAnswer
from tests.unit.scenario import Scenario

PUBLISH = PublishSkillVersion(
    name=SKILL, version="1.0.0", input_schema=NUMBER, output_schema=NUMBER
)


def registered() -> Scenario:
    return Scenario().given(SKILL_REGISTERED)


def test_a_version_is_published_and_listed() -> None:
    scenario = registered().when(PUBLISH).then(SKILL_PUBLISHED)
    version = scenario.tables.get(SkillVersion, f"{SKILL}/1.0.0")
    assert version is not None
    assert version.output_schema == NUMBER
    skill = scenario.tables.get(Skill, SKILL)
    assert skill is not None
    assert skill.versions == ("1.0.0",)


def test_schemas_are_kept_as_canonical_text() -> None:
    spaced = '{ "type" : "object", "required": ["value"],\n "properties": {"value": {"type": "integer"}} }'
    registered().when(replace(PUBLISH, input_schema=spaced)).then(SKILL_PUBLISHED)


def test_versions_are_listed_newest_first_by_number_not_by_text() -> None:
    scenario = registered().given(skill_version("1.10.0"), skill_version("1.9.0"))
    scenario.when(replace(PUBLISH, version="2.0.0"))
    skill = scenario.tables.get(Skill, SKILL)
    assert skill is not None
    assert skill.versions == ("2.0.0", "1.10.0", "1.9.0")


def test_policy_is_asked_for_this_version(gate: GateAnswer) -> None:
    registered().when(PUBLISH)
    question = gate.asked[0]
    assert question["action"] == "skill:publish"
    assert question["resource"] == f"{SKILL}@1.0.0"
    assert question["context"] == {"name": SKILL, "version": "1.0.0", "owner": "acme"}


def test_a_version_of_an_unknown_skill_is_refused() -> None:
    Scenario().when(PUBLISH).recorded().refused("NOT_FOUND", "name")


def test_the_platforms_skill_is_not_the_tenants_to_publish() -> None:
    Scenario().given_system(SKILL_REGISTERED).when(PUBLISH).refused("NOT_FOUND", "name")


def test_a_published_version_is_immutable() -> None:
    scenario = registered().given(SKILL_PUBLISHED)
    scenario.when(PUBLISH).recorded().refused("ALREADY_EXISTS", "version")


def test_a_skill_has_a_limited_number_of_versions() -> None:
    scenario = registered().given(*(skill_version(f"1.0.{patch}") for patch in range(1000)))
    scenario.when(replace(PUBLISH, version="2.0.0")).refused("LIMIT_EXCEEDED", "version")


@pytest.mark.parametrize("field", ["input_schema", "output_schema"])
@pytest.mark.parametrize(
    "schema",
    [
        '{"type":"nonsense"}',
        "not json",
        '{"$ref":"https://example.org/schema"}',
        '{"pattern":"(?=a)"}',
    ],
)
def test_text_that_is_no_schema_is_refused(field: str, schema: str) -> None:
    wire_name = "inputSchema" if field == "input_schema" else "outputSchema"
    scenario = registered().when(replace(PUBLISH, **{field: schema}))
    scenario.recorded().refused("INVALID_ARGUMENT", wire_name)


def test_the_refusal_of_a_schema_says_where_it_is_wrong() -> None:
    schema = '{"properties":{"value":{"type":"nonsense"}}}'
    scenario = registered().when(replace(PUBLISH, input_schema=schema))
    assert scenario.rejection is not None
    assert scenario.rejection.got.startswith("/properties/value/type: ")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"tools": ("ok", "../etc")}, "tools/1"),
        ({"tools": ("ok", "ok")}, "tools/1"),
        ({"permissions": ("artifact",)}, "permissions/0"),
    ],
)
def test_names_in_lists_obey_their_rules(changed: dict[str, tuple[str, ...]], field: str) -> None:
    registered().when(replace(PUBLISH, **changed)).refused("INVALID_ARGUMENT", field)


@pytest.mark.parametrize("answer", GATE_REFUSALS)
def test_what_policy_refuses_is_not_published(gate: GateAnswer, answer: Rejection) -> None:
    gate.answer = answer
    registered().when(PUBLISH).recorded().refused(answer.code)
