"""RegisterAgent — enter an agent in the catalogue of the command's tenant.

State     (tenant, agent name)
Produces  AgentRegistered
Refuses   ALREADY_EXISTS (the tenant has an agent of that name)
Source    domain.md §6
"""

from processors.agents.state import Agent
from processors.contract import Rejection
from processors.decision import Decision
from schemas.messages.agents.commands import RegisterAgent
from schemas.messages.agents.facts import AgentRegistered


def decide(command: RegisterAgent, decision: Decision) -> Rejection | None:
    """Register the agent under its name."""
    if decision.tables.get(Agent, command.name) is not None:
        return Rejection("ALREADY_EXISTS", "an agent is registered once", "name", got=command.name)
    decision.record(
        AgentRegistered(name=command.name, cluster=command.cluster, description=command.description)
    )
    return None
