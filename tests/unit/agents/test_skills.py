import pytest

from processors.agents import check_input, check_output, resolve_skill
from processors.agents.state import SkillVersion
from tests.unit.agents.assets import SKILL, SKILL_REGISTERED, skill_version
from tests.unit.scenario import Scenario


def published(*versions: str) -> Scenario:
    facts = (skill_version(version) for version in versions)
    return Scenario().given_system(SKILL_REGISTERED, *facts)


def resolved(scenario: Scenario, owner: str, version_range: str) -> str | None:
    found = resolve_skill(scenario.decide(), owner, SKILL, version_range)
    return found.version if found is not None else None


@pytest.mark.parametrize(
    ("version_range", "version"),
    [
        ("^1.0.0", "1.10.0"),
        ("1.2.0", "1.2.0"),
        ("~1.2.0", "1.2.1"),
        (">=1.0.0 <1.10.0", "1.2.1"),
        ("*", "2.0.0"),
        ("^3.0.0", None),
        ("1.2", None),
        ("", None),
    ],
)
def test_the_newest_version_in_the_range_is_meant(version_range: str, version: str | None) -> None:
    scenario = published("1.2.0", "2.0.0", "1.10.0", "1.2.1", "0.9.0")
    assert resolved(scenario, "system", version_range) == version


def test_an_empty_owner_is_the_platform() -> None:
    assert resolved(published("1.0.0"), "", "*") == "1.0.0"


def test_the_own_tenants_skill_is_found_by_its_owner_only() -> None:
    scenario = Scenario().given(SKILL_REGISTERED, skill_version("1.0.0"))
    assert resolved(scenario, "acme", "*") == "1.0.0"
    assert resolved(scenario, "system", "*") is None
    assert resolved(scenario, "globex", "*") is None


def test_an_unknown_skill_or_one_without_versions_is_not_found() -> None:
    assert resolve_skill(Scenario().decide(), "system", SKILL, "*") is None
    assert resolved(Scenario().given_system(SKILL_REGISTERED), "system", "*") is None


def version() -> SkillVersion:
    found = resolve_skill(published("1.0.0").decide(), "system", SKILL, "*")
    assert found is not None
    return found


def test_a_document_that_fits_has_no_findings() -> None:
    assert check_input(version(), '{"value": 1}') == []
    assert check_output(version(), '{"value": 2}') == []


def test_a_document_that_does_not_fit_is_told_where_and_why() -> None:
    assert check_input(version(), '{"value": "1"}') == ['/value: value is not of type "integer"']
    assert check_output(version(), "{}") == ['/: "value" is a required property']
