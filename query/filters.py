"""What may be asked: the query parameters of each route, with their bounds; anything else is refused."""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from query.problems import invalid
from query.settings import (
    COST_DAYS_MAX,
    LINEAGE_DEPTH_MAX,
    PAGE_SIZE,
    PAGE_SIZE_MAX,
    WAIT_S_MAX,
)

_UUID: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_TOKEN_LENGTH_MAX: Final = 512
_WAIT_S: Final = 2.0


def _bare(value: str) -> str:
    return value[-36:]


WorkflowId = Annotated[str, Field(pattern=f"^wf-{_UUID}$"), AfterValidator(_bare)]
TaskId = Annotated[str, Field(pattern=f"^task-{_UUID}$"), AfterValidator(_bare)]
ProjectId = Annotated[str, Field(pattern=f"^proj-{_UUID}$")]
ArtifactId = Annotated[str, Field(pattern=f"^art-{_UUID}$")]
TraceId = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
Word = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9._:-]*$")]
Text = Annotated[str, Field(min_length=1, max_length=256)]


class Freshness(BaseModel):
    """Read your own write: wait until the tenant is visible up to a sequence."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    min_sequence: int = Field(
        0,
        alias="minSequence",
        ge=0,
        le=2**62,
        description="Answer only once the tenant is visible up to this sequence.",
    )
    wait: float = Field(
        _WAIT_S, ge=0, le=WAIT_S_MAX, description="Longest wait for it, in seconds."
    )

    def parameters(self) -> dict[str, Any]:
        """Give the parameters of the question; instants are int micros."""
        given = self.model_dump(exclude={"min_sequence", "wait", "page_size", "page_token"})
        return {name: _plain(value) for name, value in given.items()}


def _plain(value: object) -> object:
    if not isinstance(value, datetime):
        return value
    moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)


class Paged(Freshness):
    """A list, page by page: ``page_token`` is the ``nextPageToken`` of the page before."""

    page_size: int = Field(PAGE_SIZE, ge=1, le=PAGE_SIZE_MAX)
    page_token: str | None = Field(None, max_length=_TOKEN_LENGTH_MAX)


def page_token(values: list[str | int]) -> str:
    """Give the opaque token of a place in a list."""
    text = json.dumps(values, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(token: str | None, key: tuple[str, ...], kinds: tuple[type, ...]) -> dict[str, Any]:
    """Give ``after_<column>`` parameters of a token, None where there is no token. Raises Problem."""
    if token is None:
        return dict.fromkeys((f"after_{name}" for name in key), None)
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        values = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise invalid("page_token", "not a token of this list") from error
    if (
        not isinstance(values, list)
        or [type(value) for value in values] != list(kinds)
        or any(type(value) is int and abs(value) >= 2**63 for value in values)
    ):
        raise invalid("page_token", "not a token of this list")
    return {f"after_{name}": value for name, value in zip(key, values, strict=True)}


class WorkflowFilter(Freshness):
    """Which workflow instances."""

    status: Word | None = None
    definition: Text | None = Field(None, description="Name of the definition.")
    project_id: ProjectId | None = Field(None, alias="project")
    started_from: datetime | None = Field(None, alias="from", description="Started at or after.")
    started_to: datetime | None = Field(None, alias="to", description="Started before.")


class WorkflowList(WorkflowFilter, Paged):
    """Which workflow instances, page by page."""


class TaskList(Paged):
    """Which agent tasks."""

    status: Word | None = None
    workflow: WorkflowId | None = None
    project_id: ProjectId | None = Field(None, alias="project")
    agent: Text | None = None
    role: Word | None = None


class DecisionList(Paged):
    """Which policy decisions."""

    effect: Word | None = None
    action: Text | None = None
    principal: Text | None = None
    workflow: WorkflowId | None = None


class ApprovalList(Paged):
    """Which approvals."""

    status: Word | None = None
    role: Word | None = None
    workflow: WorkflowId | None = None


class QuotaList(Freshness):
    """Which limits."""

    dimension: Word | None = None
    ledger: Text | None = Field(None, description="'tenant', or the id of a project.")


class UsageList(Paged):
    """Which usage."""

    occurred_from: datetime | None = Field(None, alias="from")
    occurred_to: datetime | None = Field(None, alias="to")
    project_id: ProjectId | None = Field(None, alias="project")
    workflow: WorkflowId | None = None
    agent: Text | None = None
    model: Text | None = None


class CostReport(Freshness):
    """Which cost: by UTC day and group, at most a year at once."""

    group_by: Literal["project", "workflow", "agent", "skill", "model"] = "project"
    occurred_from: datetime = Field(alias="from")
    occurred_to: datetime = Field(alias="to")

    def check(self) -> None:
        """Raise Problem where the range is backwards or too long."""
        start, end = _plain(self.occurred_from), _plain(self.occurred_to)
        if not (isinstance(start, int) and isinstance(end, int) and start < end):
            raise invalid("to", "after from")
        if end - start > COST_DAYS_MAX * 86_400_000_000:
            raise invalid("to", f"at most {COST_DAYS_MAX} days after from")


class AuditList(Paged):
    """Which facts and refusals."""

    occurred_from: datetime | None = Field(None, alias="from")
    occurred_to: datetime | None = Field(None, alias="to")
    actor: Text | None = None
    resource: Text | None = Field(None, description="Id of the aggregate, or of a refused command.")
    resource_type: Word | None = Field(None, alias="resourceType")
    action: Word | None = Field(
        None, alias="type", description="Type of the fact, or of the refused command."
    )
    outcome: Word | None = None
    code: Word | None = Field(None, description="Code of a refusal.")
    trace: TraceId | None = None
    workflow: WorkflowId | None = None


class ArtifactList(Paged):
    """Which artifacts."""

    project_id: ProjectId | None = Field(None, alias="project")
    workflow: WorkflowId | None = None
    artifact_type: Text | None = Field(None, alias="type")
    name: Text | None = None


class LineageWalk(Freshness):
    """Which way and how far."""

    direction: Literal["up", "down"] = "up"
    depth: int = Field(8, ge=1, le=LINEAGE_DEPTH_MAX)


class CatalogueList(Paged):
    """Which assets."""

    asset_type: Word | None = Field(None, alias="type")
    name: Text | None = None


class TenantList(Paged):
    """Which tenants."""

    of: Text | None = Field(None, description="Only this one.")


class DeadLetterList(Paged):
    """Which dead letters."""

    code: Word | None = None
    stage: Word | None = None


class BulkList(Paged):
    """A long list for a program: larger pages, and none beyond a sequence."""

    page_size: int = Field(1000, ge=1, le=5000)
    up_to: int | None = Field(None, alias="upTo", ge=0, le=2**62)
