"""Which ledgers an amount is charged to: always the tenant's, and those of a project, a role and an agent with limits.

All of them must have room (domain.md §5.3: the strictest wins), and all are charged by one fact.
"""

from typing import NamedTuple, Protocol

from processors.contract import ReadTables
from processors.tenancy.state import TENANT_LEDGER, QuotaLedger
from schemas.ids import LedgerId, ProjectId


class Whom(NamedTuple):
    """Whom something is charged to besides the tenant."""

    project_id: ProjectId | None = None
    agent_role: str | None = None
    agent_id: str | None = None

    def own(self) -> tuple[LedgerId, ...]:
        """List the ledgers that these have, or would have, of their own."""
        return (
            *((LedgerId(self.project_id),) if self.project_id is not None else ()),
            *((role_ledger(self.agent_role),) if self.agent_role is not None else ()),
            *((agent_ledger(self.agent_id),) if self.agent_id is not None else ()),
        )


class Named(Protocol):
    """A fact or record that says whom it is charged to."""

    @property
    def project_id(self) -> ProjectId | None:
        """The project."""
        ...

    @property
    def agent_role(self) -> str | None:
        """The role."""
        ...

    @property
    def agent_id(self) -> str | None:
        """The agent."""
        ...


def whom_of(named_by: Named) -> Whom:
    """Give whom a fact or record is charged to."""
    return Whom(named_by.project_id, named_by.agent_role, named_by.agent_id)


def role_ledger(agent_role: str) -> LedgerId:
    """Give the id of a role's ledger."""
    return LedgerId(f"role:{agent_role}")


def agent_ledger(agent_id: str) -> LedgerId:
    """Give the id of an agent's ledger."""
    return LedgerId(f"agent:{agent_id}")


def project_of(ledger_id: LedgerId) -> ProjectId | None:
    """Give the project that a ledger is of, or None."""
    return ProjectId(ledger_id) if ledger_id.startswith("proj-") else None


def ledgers_of(tables: ReadTables, whom: Whom) -> tuple[LedgerId, ...]:
    """List the ledgers that are charged: the tenant's, and of the others those that exist."""
    own = tuple(each for each in whom.own() if tables.get(QuotaLedger, each) is not None)
    return (TENANT_LEDGER, *own)


def named(tables: ReadTables, whom: Whom) -> Whom:
    """Give whom a reservation names: a role and an agent only where they have limits, so that others cost no bytes.

    A role's first limit therefore counts from then on, without what is reserved already.
    """
    role, agent = whom.agent_role, whom.agent_id
    if role is not None and tables.get(QuotaLedger, role_ledger(role)) is None:
        role = None
    if agent is not None and tables.get(QuotaLedger, agent_ledger(agent)) is None:
        agent = None
    return Whom(whom.project_id, role, agent)
