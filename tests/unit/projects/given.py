"""Pasts of a tenant's projects: what the tests of projects start from."""

from schemas.ids import PrincipalId, ProjectId
from schemas.messages.identity.facts import PrincipalRegistered
from schemas.messages.projects.facts import ProjectCreated
from tests.unit.scenario import Scenario

OLGA = PrincipalId("user:olga")
PETER = PrincipalId("user:peter")
PROJECT = ProjectId("proj-00000000-0000-0000-0000-000000000001")
OTHER = ProjectId("proj-00000000-0000-0000-0000-000000000002")

CREATED = ProjectCreated(
    project_id=PROJECT, name="Shop", intent="A shop.", origin="studio", owner_principal_id=OLGA
)


def tenant() -> Scenario:
    """Give a tenant that knows Olga, who acts."""
    return Scenario(actor=OLGA).given(
        PrincipalRegistered(principal_id=OLGA, kind="user", display_name="Olga")
    )
