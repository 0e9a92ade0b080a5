"""SizeAgentPool — say how many leases of a role may live at once in the tenant.

State     (tenant, agent role)
Produces  AgentPoolSized
Refuses   nothing of its own: a capacity below what lives only holds back admissions from then on
Source    domain.md §6; settled.md 22 (a lowered limit affects admissions from then on)
"""

from processors.contract import Rejection
from processors.decision import Decision
from schemas.messages.agents.commands import SizeAgentPool
from schemas.messages.agents.facts import AgentPoolSized


def decide(command: SizeAgentPool, decision: Decision) -> Rejection | None:
    """Set the capacity of the role's pool."""
    decision.record(AgentPoolSized(agent_role=command.agent_role, capacity=command.capacity))
    return None
