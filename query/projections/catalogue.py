"""The catalogue view: one row per published version of a shared or own asset."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from query.projections.model import Row, View, bare, fact
from schemas.messages.agents import facts as agents
from schemas.messages.costs.facts import PriceListPublished
from schemas.messages.envelope import Envelope
from schemas.messages.governance.facts import PolicyPublished
from schemas.messages.tenancy.facts import EditionPublished
from schemas.messages.workflow.facts import WorkflowDefinitionPublished

_TYPES: Final[dict[type[Struct], str]] = {
    agents.SkillRegistered: "Skill",
    agents.SkillVersionPublished: "SkillVersion",
    agents.AgentRegistered: "Agent",
    agents.AgentVersionPublished: "AgentVersion",
    agents.ModelPolicyPublished: "ModelPolicy",
    PriceListPublished: "PriceList",
    PolicyPublished: "Policy",
    EditionPublished: "Edition",
    WorkflowDefinitionPublished: "Workflow",
}


def _published(envelope: Envelope, payload: Struct) -> Iterable[Row]:
    yield (
        *fact(envelope),
        _TYPES[type(payload)],
        getattr(payload, "name", envelope.aggregate_id),
        getattr(payload, "version", ""),
        _description(payload),
        bare(envelope.event_id),
    )


def _description(payload: Struct) -> str:
    """Give what an asset says of itself to people; each kind calls it differently."""
    for name in ("description", "display_name", "title", "domain"):
        text = getattr(payload, name, "")
        if isinstance(text, str) and text:
            return text
    return ""


VIEW: Final = View(table="catalogue_entries", version=2, rules=dict.fromkeys(_TYPES, _published))
