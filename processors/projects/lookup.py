"""How other contexts find a project."""

from processors.decision import Decision
from processors.projects.state import Project
from schemas.ids import ProjectId


def find(decision: Decision, project_id: ProjectId) -> Project | None:
    """Give the project of the tenant, or None: that of another tenant is as unknown as none."""
    return decision.tables.get(Project, project_id)
