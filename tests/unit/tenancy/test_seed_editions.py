"""The seed editions are payloads of DefineEdition that are accepted as they stand."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from processors.tenancy.activate_subscription import DEDICATED
from processors.tenancy.dimensions import OWNED, TASKS_STARTED
from processors.tenancy.set_quota_override import PROJECT_QUOTAS
from schemas.messages.tenancy.commands import DefineEdition
from schemas.messages.tenancy.facts import EditionDefined
from tests.unit.scenario import Scenario

EDITIONS = Path(__file__).parents[3] / "definitions" / "editions"
SIZES = ("free", "team", "enterprise")
"""From the smallest to the largest."""


def seed(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((EDITIONS / f"{name}.yaml").read_text("utf-8"))
    return document


@pytest.mark.parametrize("name", SIZES)
def test_a_seed_edition_is_accepted(name: str) -> None:
    command = msgspec.convert(seed(name), DefineEdition)
    written = msgspec.json.decode(msgspec.json.encode(command))
    assert written == seed(name), "a field is spelled wrongly or missing"
    Scenario(tenant="system").when(command).then(EditionDefined)
    assert command.name == name


@pytest.mark.parametrize("name", SIZES)
def test_every_dimension_is_limited_and_every_feature_is_one_that_a_command_checks(
    name: str,
) -> None:
    command = msgspec.convert(seed(name), DefineEdition)
    # How fast tasks may start is narrowed by whoever wants to; budget and commands.rate bound it already.
    of_editions = OWNED["tenant"] - {TASKS_STARTED}
    assert {limit.dimension for limit in command.limits} == of_editions
    assert set(command.features) <= {DEDICATED, PROJECT_QUOTAS}


@pytest.mark.parametrize(("smaller", "larger"), [("free", "team"), ("team", "enterprise")])
def test_a_larger_edition_allows_more(smaller: str, larger: str) -> None:
    small, large = (
        {(limit["dimension"], limit["window"]): limit["limit"] for limit in seed(name)["limits"]}
        for name in (smaller, larger)
    )
    assert small.keys() == large.keys()
    assert all(small[key] < large[key] for key in small)
