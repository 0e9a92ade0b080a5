import pytest

from processors import assets
from processors.assets import Reference
from tests.unit.scenario import Scenario


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("standard", Reference("system", "standard", None)),
        ("standard@1.0.0", Reference("system", "standard", "1.0.0")),
        ("acme/standard@1.0.0", Reference("acme", "standard", "1.0.0")),
        ("ConnectSoft.Skill.AddOne", Reference("system", "ConnectSoft.Skill.AddOne", None)),
        ("", None),
        ("a/b/c", None),
        ("standard@", None),
        ("standard\n", None),
        ("../standard", None),
    ],
)
def test_a_reference_is_owner_name_and_version(text: str, reference: Reference | None) -> None:
    assert assets.parse(text) == reference


def test_only_the_platforms_and_the_own_assets_can_be_reached() -> None:
    decision = Scenario("acme").decide()
    assert assets.tables_of(decision, "") is decision.system
    assert assets.tables_of(decision, "system") is decision.system
    assert assets.tables_of(decision, "acme") is decision.tables
    assert assets.tables_of(decision, "globex") is None
