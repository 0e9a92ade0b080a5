"""The usage view: one row per model call and dimension, with its price and cost; rollups are sums over it."""

from collections.abc import Iterable
from typing import Final

from query.projections.model import Row, View, bare, fact
from schemas.messages.costs.facts import UsageRecorded
from schemas.messages.envelope import Envelope


def _recorded(envelope: Envelope, payload: UsageRecorded) -> Iterable[Row]:
    head = fact(envelope)
    owner = (
        payload.usage_id,
        bare(payload.task_id),
        bare(payload.workflow_instance_id),
        payload.project_id or envelope.project_id,
        payload.agent_id,
        payload.skill,
    )
    for number, line in enumerate(payload.lines):
        yield (
            *head,
            number,
            *owner,
            line.provider,
            line.model,
            line.invocation_id,
            line.dimension,
            line.quantity,
            line.unit_quantity,
            line.unit_price,
            line.cost,
            payload.currency,
            line.price_list,
            line.price_basis,
        )


VIEW: Final = View(table="usage_lines", version=1, rules={UsageRecorded: _recorded})
