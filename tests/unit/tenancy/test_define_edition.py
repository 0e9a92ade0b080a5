"""DefineEdition: a version of an edition is drafted."""

from typing import Any

import pytest
from msgspec.structs import replace

from schemas.messages.tenancy.commands import DefineEdition, QuotaLimit
from schemas.messages.tenancy.facts import EditionDefined
from tests.unit.scenario import Scenario
from tests.unit.tenancy import given


def limit(dimension: str, window: str, most: int = 3) -> QuotaLimit:
    values: dict[str, Any] = {"dimension": dimension, "window": window, "limit": most}
    return QuotaLimit(**values, warn_at_percent=100)


COMMAND = DefineEdition(
    name="team",
    version="1.0.0",
    display_name="Team",
    features=("project-quotas",),
    limits=(limit("tasks.active", "none"), limit("tokens.input", "day", 1000)),
)


def system() -> Scenario:
    return Scenario(tenant="system", actor=given.ADMIN)


def test_a_version_is_drafted() -> None:
    system().when(COMMAND).then(given.DEFINED)


def test_a_dimension_may_be_limited_in_several_windows() -> None:
    several = (limit("tokens.input", "day"), limit("tokens.input", "month"))
    system().when(replace(COMMAND, limits=several)).then(EditionDefined)


def test_a_version_is_defined_once() -> None:
    system().given(given.DEFINED).when(COMMAND).refused("ALREADY_EXISTS", "version")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (limit("tea.cups", "day"), "limits[0].dimension"),
        (limit("tasks.active", "day"), "limits[0].window"),
        (limit("projects", "month"), "limits[0].window"),
        (limit("commands.rate", "hour"), "limits[0].window"),
    ],
)
def test_a_limit_that_makes_no_sense_is_named(wrong: QuotaLimit, field: str) -> None:
    system().when(replace(COMMAND, limits=(wrong,))).refused("INVALID_ARGUMENT", field)


def test_a_limit_that_comes_twice_is_named() -> None:
    twice = (limit("tasks.active", "none"), limit("tasks.active", "none", 4))
    system().when(replace(COMMAND, limits=twice)).refused("INVALID_ARGUMENT", "limits[1]")


@pytest.mark.parametrize("features", [("a", "a"), ("a", "")])
def test_a_feature_that_comes_twice_or_has_no_name_is_named(features: tuple[str, ...]) -> None:
    system().when(replace(COMMAND, features=features)).refused("INVALID_ARGUMENT", "features[1]")


def test_editions_belong_to_the_platform() -> None:
    given.tenant_with().through_pipeline(COMMAND, actor_id=given.ADMIN).refused(
        "FORBIDDEN", "tenantId"
    )
