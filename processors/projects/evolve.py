"""How the facts of projects change its tables; each rule is frozen once released.

Source: domain.md §3.
"""

from msgspec.structs import replace

from processors.contract import Meta, Tables
from processors.projects.state import TRANSITIONS, Project, ProjectName, name_id
from schemas.messages.projects import facts


def project_created(tables: Tables, fact: facts.ProjectCreated, meta: Meta) -> None:
    """Put the draft and hold its name; the trace that its intent came in by is the project's."""
    tables.put(
        fact.project_id,
        Project(
            name=fact.name,
            intent=fact.intent,
            origin=fact.origin,
            owner_principal_id=fact.owner_principal_id,
            status="Draft",
            trace_id=meta.scope.trace_id,
        ),
    )
    tables.put(name_id(fact.name), ProjectName(project_id=fact.project_id))


def project_initialized(tables: Tables, fact: facts.ProjectInitialized, _meta: Meta) -> None:
    """Take the draft into its bootstrap."""
    project = tables.get(Project, fact.project_id)
    if project is not None:
        _, status = TRANSITIONS["InitializeProject"]
        tables.put(fact.project_id, replace(project, status=status))
