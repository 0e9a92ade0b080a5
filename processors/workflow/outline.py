"""Where a step stands in its definition: its list, what holds the list, and how running paths map to it.

A running path is the definition's path with ``for`` replaced by ``for[<turn>]`` for each loop around it. The path of a
list (a *body* while it runs) is a task's path without its last part.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from processors.workflow.definition import load
from processors.workflow.definition.model import (
    Block,
    CallAgentTask,
    Definition,
    For,
    Fork,
    SetData,
    Task,
    Try,
)

_TURN = re.compile(r"\[(\d+)\]")


class Outline:
    """A definition with its paths indexed; built once a definition text."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.tasks = definition.tasks_by_path
        self.blocks = definition.blocks_by_path
        self.positions: dict[str, dict[str, int]] = {
            path: {task.node.name: index for index, task in enumerate(block.tasks)}
            for path, block in self.blocks.items()
        }
        self.holders: dict[str, Task] = {}
        self.named: dict[str, list[str]] = {}
        self.variables = frozenset(
            name
            for task in self.tasks.values()
            if isinstance(task, SetData)
            for name, _ in task.values
        )
        for path, task in self.tasks.items():
            self.named.setdefault(task.node.name, []).append(path)
            for block in _blocks_of(task):
                self.holders[block.path] = task

    def task(self, running: str) -> Task:
        """Give the task of a running path."""
        return self.tasks[plain(running)]

    def agent_task(self, running: str) -> CallAgentTask:
        """Give the agent task of a running path: a record of a task says that there is one."""
        task = self.task(running)
        if isinstance(task, CallAgentTask):
            return task
        raise AssertionError(f"{running} is no agent task")

    def block(self, body: str) -> Block:
        """Give the list of a running body."""
        return self.blocks[plain(body)]

    def holder(self, body: str) -> tuple[str, Task] | None:
        """Give (running path, task) of what holds a body; None for the outermost."""
        task = self.holders.get(plain(body))
        if task is None:
            return None
        return "/".join(body.split("/")[: task.node.path.count("/") + 1]), task

    def elsewhere(self, name: str, body: str) -> Iterator[str]:
        """Give the running paths of steps of a name anywhere, as seen from a body.

        A step inside a loop is seen only from inside the same turn.
        """
        around = body.split("/")
        for path in self.named.get(name, ()):
            parts = path.split("/")
            shared = 0
            while shared < min(len(parts), len(around)) and plain(around[shared]) == parts[shared]:
                shared += 1
            if "for" not in parts[shared:]:
                yield "/".join((*around[:shared], *parts[shared:]))

    def is_concurrent(self, body: str) -> bool:
        """Tell whether the body may run beside others of the same holder: a branch, or a turn of a parallel loop."""
        task = self.holders.get(plain(body))
        return isinstance(task, Fork) or (isinstance(task, For) and task.at_once > 1)


def _blocks_of(task: Task) -> tuple[Block, ...]:
    if isinstance(task, Fork):
        return tuple(block for _, block in task.branches)
    if isinstance(task, For):
        return (task.block,)
    if isinstance(task, Try):
        return (task.block,) if task.catch is None else (task.block, task.catch)
    return ()


def plain(running: str) -> str:
    """Give the definition's path of a running path."""
    return _TURN.sub("", running) if "[" in running else running


def split(running: str) -> tuple[str, int]:
    """Give (body, place in it) of a running step."""
    body, _, index = running.rpartition("/")
    return body, int(index)


def body_of(holder_running: str, holder: Task, block: Block, turn: int = 0) -> str:
    """Give the running path of a body of a running holder; ``turn`` counts a loop's from 0."""
    inner = block.path[len(holder.node.path) :]
    if isinstance(holder, For):
        inner = inner.replace("/for", f"/for[{turn}]", 1)
    return holder_running + inner


@lru_cache(maxsize=512)
def outline(text: str) -> Outline:
    """Give the outline of a published definition's text; remembered for the 512 texts used last."""
    return Outline(load(text))
