"""How facts change the state of the agents context.

The catalogue of ``system`` is replayed in every partition, at each start anew, so applying a
publication twice changes nothing.
"""

from msgspec import convert
from msgspec.structs import replace

from processors.agents.state import (
    PLACES,
    Agent,
    AgentPool,
    AgentVersion,
    ModelPolicy,
    ModelPolicySeries,
    Skill,
    SkillVersion,
)
from processors.assets import record_id
from processors.contract import Meta, Tables
from processors.versions import newest_first
from schemas.messages.agents.facts import (
    AgentPoolSized,
    AgentRegistered,
    AgentVersionPublished,
    ModelPolicyPublished,
    SkillRegistered,
    SkillVersionPublished,
)
from schemas.messages.workflow.facts import (
    AgentTaskAssigned,
    AgentTaskCompleted,
    AgentTaskExpired,
    AgentTaskFailed,
    AgentTaskWithdrawn,
)

AgentTaskFact = (
    AgentTaskAssigned | AgentTaskCompleted | AgentTaskFailed | AgentTaskExpired | AgentTaskWithdrawn
)


def skill_registered(tables: Tables, fact: SkillRegistered, _meta: Meta) -> None:
    """Enter the skill, without versions."""
    if tables.get(Skill, fact.name) is None:
        tables.put(fact.name, Skill(name=fact.name, description=fact.description))


def skill_version_published(tables: Tables, fact: SkillVersionPublished, _meta: Meta) -> None:
    """Keep the version and list it under its skill."""
    tables.put(
        record_id(fact.name, fact.version), convert(fact, SkillVersion, from_attributes=True)
    )
    skill = tables.get(Skill, fact.name)
    if skill is not None:
        tables.put(fact.name, replace(skill, versions=newest_first(skill.versions, fact.version)))


def agent_registered(tables: Tables, fact: AgentRegistered, _meta: Meta) -> None:
    """Enter the agent, without versions."""
    if tables.get(Agent, fact.name) is None:
        tables.put(
            fact.name, Agent(name=fact.name, cluster=fact.cluster, description=fact.description)
        )


def agent_version_published(tables: Tables, fact: AgentVersionPublished, _meta: Meta) -> None:
    """Keep the version and list it under its agent."""
    tables.put(
        record_id(fact.name, fact.version), convert(fact, AgentVersion, from_attributes=True)
    )
    agent = tables.get(Agent, fact.name)
    if agent is not None:
        tables.put(fact.name, replace(agent, versions=newest_first(agent.versions, fact.version)))


def model_policy_published(tables: Tables, fact: ModelPolicyPublished, _meta: Meta) -> None:
    """Keep the version and list it in its series."""
    tables.put(record_id(fact.name, fact.version), convert(fact, ModelPolicy, from_attributes=True))
    series = tables.get(ModelPolicySeries, fact.name) or ModelPolicySeries(name=fact.name)
    tables.put(fact.name, replace(series, versions=newest_first(series.versions, fact.version)))


def agent_pool_sized(tables: Tables, fact: AgentPoolSized, _meta: Meta) -> None:
    """Set the capacity; what lives goes on, also above it."""
    pool = tables.get(AgentPool, fact.agent_role)
    live = pool.live if pool is not None else 0
    tables.put(
        fact.agent_role, AgentPool(agent_role=fact.agent_role, capacity=fact.capacity, live=live)
    )


def agent_task_moved(tables: Tables, fact: AgentTaskFact, _meta: Meta) -> None:
    """Take a place of the role's pool at an assignment, give it back at any end of one."""
    pool = tables.get(AgentPool, fact.agent_role)
    if pool is None:
        pool = AgentPool(agent_role=fact.agent_role, capacity=0)
    live = pool.live + PLACES[type(fact)]
    if live < 0:
        raise AssertionError(f"a place of pool {fact.agent_role} was given back twice")
    tables.put(fact.agent_role, replace(pool, live=live))
