"""Definitions for tests: lists of tasks as Python data, written as the YAML that people write."""

from typing import Any

import yaml

from schemas.messages.workflow.facts import WorkflowDefinitionPublished
from tests.unit.scenario import Scenario
from tests.unit.workflow.world import ROLE, SKILL, world


class _Plain(yaml.SafeDumper):
    """Writes a repeated value again: definitions have no anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # the library's signature
        return True


NAME = "work"
Item = dict[str, Any]


def agent_task(value: Any = 1, *, task: Item | None = None, **with_: Any) -> Item:
    """Give a call of the skill that adds one; ``task``: what stands beside the call."""
    arguments: Item = {
        "role": ROLE,
        "skill": SKILL,
        "skillVersion": "^1.0.0",
        "intent": "Add one.",
        "inputs": {"value": value},
        "modelPolicy": "economy",
        "tokenBudget": {"input": 1000, "output": 1000},
        "deadline": "PT10M",
        **with_,
    }
    return {"call": "agentTask", "with": arguments, **(task or {})}


def approval(task: Item | None = None, **with_: Any) -> Item:
    """Give a call of an approval by an owner."""
    arguments = {"approverRole": "TenantOwner", "title": "May it go on?", **with_}
    return {"call": "approval", "with": arguments, **(task or {})}


def steps(**tasks: Item) -> list[Item]:
    """Give a ``do`` list of named tasks, in their order."""
    return [{name: task} for name, task in tasks.items()]


def text(do: list[Item], name: str = NAME, version: str = "1.0.0", **top: Any) -> str:
    """Give a definition's YAML."""
    document = {"dsl": "1.0.3", "namespace": "tests", "name": name, "version": version}
    return yaml.dump({"document": document, **top, "do": do}, Dumper=_Plain, sort_keys=False)


def published(
    definition: str, name: str = NAME, version: str = "1.0.0"
) -> WorkflowDefinitionPublished:
    """Give the fact that publishes a definition."""
    return WorkflowDefinitionPublished(
        definition_id=f"{name}/{version}",
        name=name,
        version=version,
        namespace="tests",
        title=name,
        definition=definition,
        content_hash="",
        skills=(),
    )


def given(do: list[Item], *, capacity: int = 10, **top: Any) -> Scenario:
    """Give a world in which ``system`` has published one definition."""
    return world(capacity=capacity).given_system(published(text(do, **top)))
