"""All checks over all partitions, and the report of them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from query.verify import assignments, causes, chain, outcomes, quotas, sequence, versions, views
from query.verify.journal import Journal
from query.verify.log import Finding, Log

Check = Callable[[Log], Iterator[Finding]]


def readable(log: Log) -> Iterator[Finding]:
    """Find records that do not decode with the released schemas (reliability.md I17)."""
    for one in log.unreadable:
        yield Finding("UNREADABLE", str(one.position), "", one.rule)


CHECKS: Final[dict[str, Check]] = {
    "records are readable": readable,
    "sequence without gap": sequence.check,
    "hash chain": chain.check,
    "aggregate versions": versions.check,
    "one end a command": outcomes.check,
    "cause and tenant": causes.check,
    "decision, reservation, settlement": assignments.check,
    "quota never exceeded": quotas.check,
}
"""Every check of the log alone, by what it promises."""
VIEWS: Final = "views hold the facts"
JOURNAL: Final = "journal arrived"


@dataclass
class Report:
    """What was looked at and what was found."""

    records: int = 0
    facts: int = 0
    commands: int = 0
    tenants: int = 0
    findings: dict[str, list[Finding]] = field(default_factory=dict)
    """Check -> its findings, empty where it holds."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not any(self.findings.values())

    def add(self, check: str, findings: Iterable[Finding], tenant_id: str | None) -> None:
        """Note the findings of a check; of one tenant alone where one is named."""
        kept = self.findings.setdefault(check, [])
        kept += [one for one in findings if tenant_id is None or one.tenant_id in {tenant_id, ""}]

    def codes(self) -> Counter[str]:
        """Count findings by code."""
        return Counter(one.code for found in self.findings.values() for one in found)


def verify(
    logs: Iterable[Log],
    *,
    answers: views.Answers | None = None,
    journal: Journal | None = None,
    tenant_id: str | None = None,
) -> Report:
    """Run every check over the logs; ``answers`` None leaves the views out."""
    report = Report()
    for log in logs:
        _count(report, log)
        for name, check in CHECKS.items():
            report.add(name, check(log), tenant_id)
        if answers is not None:
            report.add(VIEWS, views.check(log, answers), tenant_id)
        if journal is not None:
            journal.see(log)
    if journal is not None:
        report.add(JOURNAL, journal.check(), tenant_id)
    return report


def _count(report: Report, log: Log) -> None:
    report.facts += len(log.facts)
    report.commands += len(log.commands)
    report.records += len(log.facts) + len(log.commands) + len(log.repeats) + len(log.letters)
    report.tenants += len(log.by_tenant)
