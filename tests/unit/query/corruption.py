"""Recorded logs for the verifier, and the ways in which a test spoils them."""

from collections.abc import Callable, Iterable, Mapping

from query.decode import Raw
from query.verify.log import Finding, Log
from query.verify.reader import JUDGED_INPUTS, build
from query.verify.run import Report, verify
from query.verify.views import Answers, Group, Row, Sum, _group
from schemas.codec import decode_envelope
from schemas.messages.costs.facts import UsageRecorded
from tests.unit.query.recorded import Recorded
from topics.model import PARTITIONS

Spoil = Callable[[list[Raw]], list[Raw]]


def logs_of(log: Recorded, raws: Iterable[Raw] | None = None) -> list[Log]:
    """Give the log of each partition, everything decided."""
    records = log.raws if raws is None else list(raws)
    decided = [
        {topic: log.offsets[topic, partition] for topic in JUDGED_INPUTS}
        for partition in range(PARTITIONS)
    ]
    return [build(iter(records), partition, decided[partition]) for partition in range(PARTITIONS)]


def findings(log: Recorded, raws: Iterable[Raw] | None = None, **options: object) -> list[Finding]:
    """Run every check over the log, or over spoilt records of it."""
    report = verify(logs_of(log, raws), **options)  # type: ignore[arg-type]
    return all_of(report)


def all_of(report: Report) -> list[Finding]:
    """Give every finding of a report."""
    return [one for found in report.findings.values() for one in found]


def at(log: Recorded, event_type: str, tenant: str = "acme", number: int = 0) -> Raw:
    """Give the n-th record of a fact type of a tenant."""
    return [
        raw
        for raw in log.facts()
        if (envelope := decode_envelope(raw.value)).event_type == event_type
        and envelope.tenant_id == tenant
    ][number]


def without(log: Recorded, raw: Raw) -> list[Raw]:
    """Give the records but one."""
    return [one for one in log.raws if one is not raw]


def instead(log: Recorded, raw: Raw, other: Raw) -> list[Raw]:
    """Give the records with one replaced."""
    return [other if one is raw else one for one in log.raws]


class TrueAnswers:
    """Answers as sound views would give them, made of the log itself."""

    def __init__(self, log: Recorded) -> None:
        self._raws = [raw for raw in log.facts() if raw.value is not None]
        self._logs = logs_of(log)

    def rows(self, tenant_id: str, up_to: int) -> list[Row]:
        return [
            Row(entry.sequence, entry.envelope.event_id, str(entry.position))
            for log in self._logs
            for entry in log.by_tenant.get(tenant_id, [])
            if entry.sequence <= up_to
        ]

    def rollup(self, tenant_id: str, up_to: int) -> dict[Group, Sum]:
        sums: dict[Group, Sum] = {}
        for log in self._logs:
            for entry in log.by_tenant.get(tenant_id, []):
                if isinstance(entry.payload, UsageRecorded) and entry.sequence <= up_to:
                    for line in entry.payload.lines:
                        model = f"{line.provider}/{line.model}"
                        group = _group(entry, entry.payload, model, line.dimension)
                        known = sums.get(group, Sum(0, 0))
                        sums[group] = Sum(
                            known.quantity + line.quantity, known.cost_micros + line.cost
                        )
        return sums


class Wrong:
    """True answers but for what a test changes."""

    def __init__(
        self,
        true: Answers,
        rows: Callable[[list[Row]], list[Row]] = lambda rows: rows,
        rollup: Callable[[Mapping[Group, Sum]], dict[Group, Sum]] = dict,
    ) -> None:
        self._true, self._rows, self._rollup = true, rows, rollup

    def rows(self, tenant_id: str, up_to: int) -> list[Row]:
        return self._rows(list(self._true.rows(tenant_id, up_to)))

    def rollup(self, tenant_id: str, up_to: int) -> dict[Group, Sum]:
        return self._rollup(self._true.rollup(tenant_id, up_to))
