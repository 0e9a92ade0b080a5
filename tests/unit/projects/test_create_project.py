"""CreateProject: a project is opened from an intent."""

import pytest
from msgspec.structs import replace

from processors import projects
from schemas.ids import PrincipalId, SubscriptionId, TenantId
from schemas.messages.projects.commands import CreateProject
from schemas.messages.projects.facts import ProjectCreated
from schemas.messages.tenancy.facts import (
    QuotaExceeded,
    QuotaLimit,
    QuotaReserved,
    QuotaSettled,
    SubscriptionActivated,
)
from tests.unit.projects import given

COMMAND = CreateProject(project_id=given.PROJECT, name="Shop", intent="A shop.", origin="studio")
ONE_PROJECT = SubscriptionActivated(
    subscription_id=SubscriptionId("sub-00000000-0000-0000-0000-000000000001"),
    tenant_id=TenantId("acme"),
    edition_name="free",
    edition_version="1.0.0",
    features=(),
    limits=(QuotaLimit(dimension="projects", window="none", limit=1, warn_at_percent=100),),
)


def test_a_project_begins_as_a_draft_owned_by_who_asked() -> None:
    scenario = given.tenant().when(COMMAND)
    scenario.then(QuotaReserved, QuotaSettled, ProjectCreated)
    assert scenario.fact(ProjectCreated) == given.CREATED
    project = projects.find(scenario.decide(), given.PROJECT)
    assert project is not None
    assert (project.status, project.trace_id) == ("Draft", "0" * 32)


def test_another_principal_may_be_the_owner() -> None:
    command = replace(COMMAND, owner_principal_id=given.OLGA)
    scenario = given.tenant().when(command, actor_id=PrincipalId("service:studio"))
    assert scenario.fact(ProjectCreated).owner_principal_id == given.OLGA


def test_an_unknown_owner_is_not_found() -> None:
    command = replace(COMMAND, owner_principal_id=given.PETER)
    given.tenant().when(command).refused("NOT_FOUND", "ownerPrincipalId").recorded()


def test_a_project_id_is_used_once() -> None:
    command = replace(COMMAND, name="Other")
    given.tenant().given(given.CREATED).when(command).refused("ALREADY_EXISTS", "projectId")


@pytest.mark.parametrize(
    ("held", "wanted"),
    [("Shop", "Shop"), ("Shop", "SHOP"), ("Straße", "STRASSE"), ("Caf\u00e9", "Cafe\u0301")],
)
def test_a_name_is_used_once_however_it_is_written(held: str, wanted: str) -> None:
    scenario = given.tenant().given(replace(given.CREATED, name=held))
    scenario.when(replace(COMMAND, project_id=given.OTHER, name=wanted))
    scenario.refused("ALREADY_EXISTS", "name").recorded()


def test_projects_beyond_the_quota_are_refused() -> None:
    scenario = given.tenant().given(ONE_PROJECT).when(COMMAND)
    scenario.when(replace(COMMAND, project_id=given.OTHER, name="Other"))
    scenario.refused("QUOTA_EXCEEDED", "projects").recorded(QuotaExceeded)
