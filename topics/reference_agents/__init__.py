"""Reference agents: deterministic workers for the seed skills, for the demonstration, the tests and the bench.

They call no model: what they report as invocations is counted from the texts they handle, at the models of the seed
price list. They show how an agent is written against ``topics.agent_worker``; a real one differs in its handlers only.
"""

from topics.reference_agents.agents import AGENTS, reference_worker

__all__ = ["AGENTS", "reference_worker"]
