"""Which reference agent serves which skills."""

from typing import Any, Final, NamedTuple

from schemas.output import OperatorError
from topics.agent_worker import AgentWorker, Handler
from topics.reference_agents import handlers

PREFIX: Final = "ConnectSoft.Skill."


class ReferenceAgent(NamedTuple):
    """An agent of the seed catalogue with its handlers."""

    agent_id: str
    version: str
    skills: dict[str, Handler]


AGENTS: Final[dict[str, ReferenceAgent]] = {
    "architect": ReferenceAgent(
        "ConnectSoft.Agent.Architect",
        "1.0.0",
        {
            f"{PREFIX}DesignBlueprint": handlers.design_blueprint,
            f"{PREFIX}PlanRelease": handlers.plan_release,
        },
    ),
    "engineer": ReferenceAgent(
        "ConnectSoft.Agent.Engineer",
        "1.0.0",
        {
            f"{PREFIX}GenerateCode": handlers.generate_code,
            f"{PREFIX}WriteTests": handlers.write_tests,
        },
    ),
    "reviewer": ReferenceAgent(
        "ConnectSoft.Agent.Reviewer", "1.0.0", {f"{PREFIX}ReviewCode": handlers.review_code}
    ),
    "adder": ReferenceAgent(
        "ConnectSoft.Agent.Adder", "1.0.0", {f"{PREFIX}AddOne": handlers.add_one}
    ),
}


def reference_worker(name: str, **options: Any) -> AgentWorker:
    """Give a worker that serves the named reference agent's skills. Raises OperatorError for another name."""
    agent = AGENTS.get(name)
    if agent is None:
        raise OperatorError(f"There is no reference agent {name!r}: one of {', '.join(AGENTS)}.")
    worker = AgentWorker(agent.agent_id, agent.version, **options)
    for skill, handler in agent.skills.items():
        worker.skill(skill)(handler)
    return worker
