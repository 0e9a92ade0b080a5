"""The views against the log: the same facts, each once, and usage whose rollup is the sum of its lines."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from query.verify.log import Entry, Finding, Log, of_type
from schemas.messages.costs.facts import UsageRecorded

_MICROS = 1_000_000


class Row(NamedTuple):
    """One row of the audit view."""

    sequence: int
    event_id: str
    position: str


class Group(NamedTuple):
    """What a rollup is asked by."""

    day: str
    project_id: str
    workflow_instance_id: str
    agent_id: str
    skill: str
    model: str
    dimension: str


class Sum(NamedTuple):
    """What a rollup adds up."""

    quantity: int
    cost_micros: int


class Answers(Protocol):
    """What the API says of any tenant, up to a sequence, after it has had the time to see it."""

    def rows(self, tenant_id: str, up_to: int) -> Iterable[Row]:
        """Give the audit rows 1…``up_to``."""
        ...

    def rollup(self, tenant_id: str, up_to: int) -> Mapping[Group, Sum]:
        """Give the sums of usage by group, of facts up to the sequence."""
        ...


def check(log: Log, answers: Answers) -> Iterator[Finding]:
    """Find facts without a row, rows without a fact, and groups whose sum is not that of the facts."""
    for tenant_id, entries in log.by_tenant.items():
        up_to = entries[-1].sequence
        yield from _rows(tenant_id, entries, answers.rows(tenant_id, up_to))
        yield from _sums(tenant_id, entries, answers.rollup(tenant_id, up_to))


def _rows(tenant_id: str, entries: list[Entry], rows: Iterable[Row]) -> Iterator[Finding]:
    shown: dict[int, Row] = {}
    for row in rows:
        if row.sequence in shown:
            sentence = f"the views hold sequence {row.sequence} twice"
            yield Finding("ROW_DOUBLED", row.position, tenant_id, sentence)
        shown[row.sequence] = row
    for entry in {entry.sequence: entry for entry in reversed(entries)}.values():
        row_of = shown.pop(entry.sequence, None)
        place = str(entry.position)
        if row_of is None:
            sentence = f"the views lack sequence {entry.sequence}"
            yield Finding("ROW_MISSING", place, tenant_id, sentence)
        elif row_of.event_id != entry.envelope.event_id:
            sentence = f"the views hold {row_of.event_id} for {entry.envelope.event_id}"
            yield Finding("ROW_DIFFERS", place, tenant_id, sentence)
    for row in shown.values():
        sentence = f"the views hold sequence {row.sequence}, the log does not"
        yield Finding("ROW_EXTRA", row.position, tenant_id, sentence)


def _sums(tenant_id: str, entries: list[Entry], rollup: Mapping[Group, Sum]) -> Iterator[Finding]:
    sums: dict[Group, Sum] = defaultdict(lambda: Sum(0, 0))
    first: dict[Group, Entry] = {}
    for entry, usage in of_type(entries, UsageRecorded):
        if sum(line.cost for line in usage.lines) != usage.total_cost:
            sentence = f"its lines do not add up to {usage.total_cost} micros"
            yield Finding("TOTAL_DIFFERS", str(entry.position), tenant_id, sentence)
        for line in usage.lines:
            group = _group(entry, usage, f"{line.provider}/{line.model}", line.dimension)
            first.setdefault(group, entry)
            known = sums[group]
            sums[group] = Sum(known.quantity + line.quantity, known.cost_micros + line.cost)
    for group in {**sums, **rollup}:
        told, true = rollup.get(group, Sum(0, 0)), sums.get(group, Sum(0, 0))
        if told != true:
            place = str(first[group].position) if group in first else "views"
            sentence = (
                f"the rollup of {group.day} {group.dimension} of {group.agent_id} by {group.model} is "
                f"{told.quantity} for {told.cost_micros} micros, "
                f"the facts say {true.quantity} for {true.cost_micros}"
            )
            yield Finding("ROLLUP_DIFFERS", place, tenant_id, sentence)


def _group(entry: Entry, usage: UsageRecorded, model: str, dimension: str) -> Group:
    moment = datetime.fromtimestamp(entry.envelope.occurred_at // _MICROS, UTC)
    return Group(
        day=f"{moment:%Y-%m-%d}",
        project_id=usage.project_id or entry.envelope.project_id or "",
        workflow_instance_id=usage.workflow_instance_id or "",
        agent_id=usage.agent_id,
        skill=usage.skill,
        model=model,
        dimension=dimension,
    )
