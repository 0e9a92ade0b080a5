"""Whether a role's pool has room for one more lease.

Source: domain.md §6: live leases ≤ capacity, counted per tenant and role.
"""

from processors.agents.state import AgentPool
from processors.decision import Decision


def pool_room(decision: Decision, role: str) -> bool:
    """Tell whether a task of the role may be assigned now; a role without a pool has no room."""
    pool = decision.tables.get(AgentPool, role)
    return pool is not None and pool.live < pool.capacity
