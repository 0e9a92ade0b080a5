"""The views: pure rules from facts to rows, one module a view, each dropped and rebuilt rather than migrated."""

from typing import Final

from query.projections import (
    approvals,
    artifacts,
    audit,
    catalogue,
    dead_letters,
    decisions,
    lineage,
    projects,
    quotas,
    tasks,
    tenants,
    usage,
    workflows,
)
from query.projections.model import Added, Rule, View
from query.record import Sequenced

VIEWS: Final[tuple[View, ...]] = (
    workflows.VIEW,
    tasks.VIEW,
    decisions.VIEW,
    approvals.VIEW,
    quotas.LIMITS,
    quotas.ENTRIES,
    quotas.REPORTS,
    usage.VIEW,
    artifacts.VIEW,
    lineage.VIEW,
    tenants.VIEW,
    projects.VIEW,
    catalogue.VIEW,
)
"""The views that follow some fact types; the audit view follows all, the dead letters none."""

VERSIONS: Final[dict[str, int]] = {
    audit.TABLE: audit.VERSION,
    dead_letters.TABLE: dead_letters.VERSION,
    **{view.table: view.version for view in VIEWS},
}
"""Table -> version of its rules."""


def _rules() -> dict[type, tuple[tuple[str, Rule], ...]]:
    table: dict[type, tuple[tuple[str, Rule], ...]] = {}
    for view in VIEWS:
        for kind, rule in view.rules.items():
            table[kind] = (*table.get(kind, ()), (view.table, rule))
    return table


_RULES: Final = _rules()


def project(record: Sequenced) -> Added:
    """Give every row that a fact or refusal adds: its audit row first, then those of the views that follow it."""
    rows = [(audit.TABLE, audit.row(record))]
    for table, rule in _RULES.get(type(record.payload), ()):
        rows += [(table, row) for row in rule(record.envelope, record.payload)]
    return Added(record, rows)
