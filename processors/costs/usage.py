"""Meters model calls: each call of a task once, priced, several lines in one fact.

Source: domain.md §8; settled.md 22 (deduped on the invocation id, stale results metered too).
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

from processors.agents import ModelCall
from processors.costs.prices import INPUT, OUTPUT, Tariff, UnitPrice, cost_of, tariff
from processors.costs.state import ListedPrice, TaskUsage
from processors.decision import Decision
from schemas.ids import ProjectId, TaskId, UsageId, WorkflowInstanceId
from schemas.messages.costs.facts import UsageLine, UsageRecorded

_Basis = Literal["Listed", "Dearest", "None"]
_FREE: Final = ListedPrice(unit_quantity=1, unit_price=0)
"""What usage is priced by while no price list is published: it is metered and costs nothing."""


class Usage(NamedTuple):
    """What was metered now: tokens, and their cost in micros."""

    input_tokens: int
    output_tokens: int
    cost: int


def invocation_digest(invocation_id: str) -> bytes:
    """Give what state keeps of a call's id: 16 bytes, whatever length the sender chose."""
    return hashlib.sha256(invocation_id.encode()).digest()[:16]


def task_usage_id(workflow_instance_id: WorkflowInstanceId | None, task_id: TaskId) -> str:
    """Give the id of what is metered of a task: under its instance, which forgets it at its end."""
    return f"{workflow_instance_id}/{task_id}" if workflow_instance_id is not None else task_id


def record_usage(
    decision: Decision,
    *,
    source_event_id: str,
    task_id: TaskId,
    workflow_instance_id: WorkflowInstanceId | None,
    project_id: ProjectId | None,
    agent_id: str,
    skill: str,
    invocations: Sequence[ModelCall],
) -> Usage:
    """Record the calls that the task was not metered for yet, in one UsageRecorded; give their sums.

    Records nothing where no call is new or none used a token. A call that comes twice counts as it
    came first. Cost: one look at the task and two prices a call; no scan.
    """
    applied = tariff(decision)
    metered = decision.tables.get(TaskUsage, task_usage_id(workflow_instance_id, task_id))
    calls = _unmetered(metered, invocations)
    lines = tuple(line for call in calls for line in _lines(applied, call))
    if not lines:
        return Usage(0, 0, 0)
    usage = Usage(
        sum(line.quantity for line in lines if line.dimension == INPUT),
        sum(line.quantity for line in lines if line.dimension == OUTPUT),
        sum(line.cost for line in lines),
    )
    decision.record(
        UsageRecorded(
            usage_id=UsageId(f"use-{decision.derive('usage')}"),
            source_event_id=source_event_id,
            task_id=task_id,
            workflow_instance_id=workflow_instance_id,
            project_id=project_id,
            agent_id=agent_id,
            skill=skill,
            lines=lines,
            total_cost=usage.cost,
            currency=applied.prices.currency if applied is not None else "",
        )
    )
    return usage


def _unmetered(metered: TaskUsage | None, invocations: Sequence[ModelCall]) -> list[ModelCall]:
    known = set(metered.invocation_digests) if metered is not None else set()
    calls = []
    for call in invocations:
        digest = invocation_digest(call.invocation_id)
        if digest not in known:
            known.add(digest)
            calls.append(call)
    return calls


def _lines(applied: Tariff | None, call: ModelCall) -> Iterator[UsageLine]:
    if call.input_tokens:
        yield _line(applied, call, INPUT, call.input_tokens)
    if call.output_tokens:
        yield _line(applied, call, OUTPUT, call.output_tokens)


def _line(applied: Tariff | None, call: ModelCall, dimension: str, quantity: int) -> UsageLine:
    """Price one dimension: by the model's own price, else by the dearest of the list."""
    price: UnitPrice = _FREE
    basis: _Basis = "None"
    if applied is not None:
        own = applied.price(call.provider, call.model, dimension)
        price = own or next(top for top in applied.prices.dearest if top.dimension == dimension)
        basis = "Dearest" if own is None else "Listed"
    return UsageLine(
        dimension=dimension,
        quantity=quantity,
        provider=call.provider,
        model=call.model,
        invocation_id=call.invocation_id,
        unit_quantity=price.unit_quantity,
        unit_price=price.unit_price,
        cost=cost_of(quantity, price),
        price_list=applied.reference if applied is not None else "",
        price_basis=basis,
    )
