"""Facts of agent tasks, of which the agents context reads the role alone."""

from typing import TypeVar

from msgspec import Struct
from msgspec.structs import fields

from processors.agents import EVOLVERS
from schemas.messages.workflow.facts import AgentTaskAssigned
from tests.unit.scenario import Scenario

Fact = TypeVar("Fact", bound=Struct)


def task_fact(kind: type[Fact], role: str = "Adder") -> Fact:
    """Give a fact of a task of the role; what this context does not read stands empty."""
    values = {field.name: None for field in fields(kind) if field.required}
    return kind(**{**values, "agent_role": role})


def evolved(scenario: Scenario, *facts: Struct) -> Scenario:
    """Apply facts of tasks by this context's evolvers alone: the workflow's need whole instances."""
    for fact in facts:
        for evolve in EVOLVERS[type(fact)]:
            evolve(scenario.tables, fact, None)
    return scenario


def assigned(scenario: Scenario, count: int) -> Scenario:
    """Assign so many tasks of role Adder."""
    return evolved(scenario, *(task_fact(AgentTaskAssigned) for _ in range(count)))
