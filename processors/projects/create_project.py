"""CreateProject — open a project from an intent.

State     the project, the names in use in the tenant, the owner
Produces  QuotaReserved and QuotaSettled for dimension ``projects``, ProjectCreated
Refuses   ALREADY_EXISTS (project id, or name), NOT_FOUND (owner), QUOTA_EXCEEDED (after QuotaExceeded)
Source    domain.md §3
"""

from typing import Final

from processors import identity, tenancy
from processors.contract import Rejection
from processors.decision import Decision
from processors.projects.state import Project, ProjectName, name_id
from schemas.ids import PrincipalId, ReservationId
from schemas.messages.projects.commands import CreateProject
from schemas.messages.projects.facts import ProjectCreated

_ONE: Final = {"projects": 1}


def decide(command: CreateProject, decision: Decision) -> Rejection | None:
    """Open the project as a draft; it counts against the quota for as long as it exists."""
    owner = command.owner_principal_id or decision.cause.actor_id
    refused = _refuse_twice(command, decision) or _refuse_owner(decision, owner)
    reservation_id = ReservationId(command.project_id)
    if refused is None:
        refused = tenancy.reserve(decision, reservation_id, _ONE, None)
    if refused is not None:
        return refused
    tenancy.settle(decision, reservation_id, _ONE)
    decision.record(
        ProjectCreated(
            project_id=command.project_id,
            name=command.name,
            intent=command.intent,
            origin=command.origin,
            owner_principal_id=owner,
        )
    )
    return None


def _refuse_twice(command: CreateProject, decision: Decision) -> Rejection | None:
    if decision.tables.get(Project, command.project_id) is not None:
        return Rejection(
            "ALREADY_EXISTS", "a project id is used once", "projectId", got=command.project_id
        )
    holder = decision.tables.get(ProjectName, name_id(command.name))
    if holder is not None:
        return Rejection(
            "ALREADY_EXISTS",
            "a name is used once in a tenant",
            "name",
            "another name",
            f"{command.name}, the name of {holder.project_id}",
        )
    return None


def _refuse_owner(decision: Decision, owner: PrincipalId) -> Rejection | None:
    if identity.find(decision, owner) is None:
        return Rejection("NOT_FOUND", "no such principal", "ownerPrincipalId", got=owner)
    return None
