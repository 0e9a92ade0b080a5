"""The projects view: what each project is and how far it is."""

from collections.abc import Iterable
from typing import Final

from query.projections.model import Row, View, fact
from schemas.messages.envelope import Envelope
from schemas.messages.projects.facts import ProjectCreated, ProjectInitialized


def _created(envelope: Envelope, payload: ProjectCreated) -> Iterable[Row]:
    yield (
        *fact(envelope),
        payload.project_id,
        "Draft",
        payload.name,
        payload.intent,
        payload.origin,
        payload.owner_principal_id,
        envelope.trace_id,
    )


def _initialized(envelope: Envelope, payload: ProjectInitialized) -> Iterable[Row]:
    yield (
        *fact(envelope),
        payload.project_id,
        "Initialized",
        None,
        None,
        None,
        None,
        envelope.trace_id,
    )


VIEW: Final = View(
    table="project_changes",
    version=1,
    rules={ProjectCreated: _created, ProjectInitialized: _initialized},
)
