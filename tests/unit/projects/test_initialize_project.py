"""InitializeProject: a draft goes into its bootstrap."""

from processors import projects
from schemas.messages.projects.commands import InitializeProject
from schemas.messages.projects.facts import ProjectInitialized
from tests.unit.projects import given

COMMAND = InitializeProject(project_id=given.PROJECT)


def test_a_draft_is_initialized() -> None:
    scenario = given.tenant().given(given.CREATED).when(COMMAND)
    scenario.then(ProjectInitialized(project_id=given.PROJECT))
    project = projects.find(scenario.decide(), given.PROJECT)
    assert project is not None
    assert project.status == "Initialized"


def test_an_unknown_project_is_not_found() -> None:
    given.tenant().when(COMMAND).refused("NOT_FOUND", "projectId")


def test_a_project_of_another_tenant_is_as_unknown_as_none() -> None:
    given.tenant().given_system(given.CREATED).when(COMMAND).refused("NOT_FOUND", "projectId")


def test_a_project_is_initialized_once() -> None:
    scenario = given.tenant().given(given.CREATED, ProjectInitialized(project_id=given.PROJECT))
    scenario.when(COMMAND).refused("INVALID_STATE", "projectId")
