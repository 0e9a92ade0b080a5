"""InitializeProject — take a drafted project into its bootstrap.

State     the project; Draft -> Initialized
Produces  ProjectInitialized, on which the project's bootstrap workflow may start
Refuses   NOT_FOUND (project), INVALID_STATE (not a draft)
Source    domain.md §3
"""

from processors.contract import Rejection
from processors.decision import Decision
from processors.projects.state import TRANSITIONS, Project
from schemas.messages.projects.commands import InitializeProject
from schemas.messages.projects.facts import ProjectInitialized


def decide(command: InitializeProject, decision: Decision) -> Rejection | None:
    """Initialize the draft."""
    project = decision.tables.get(Project, command.project_id)
    if project is None:
        return Rejection("NOT_FOUND", "no such project", "projectId", got=command.project_id)
    origin, _ = TRANSITIONS["InitializeProject"]
    if project.status != origin:
        return Rejection(
            "INVALID_STATE",
            f"InitializeProject needs a project that is {origin}",
            "projectId",
            origin,
            project.status,
        )
    decision.record(ProjectInitialized(project_id=command.project_id))
    return None
