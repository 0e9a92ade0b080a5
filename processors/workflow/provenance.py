"""Which artifacts a task's inputs come from: the ``inputArtifacts`` of the Agent Task Contract (domain.md §5.3).

They are those of the steps whose names the inputs and the intent read. Where such a step made none, what it was made
from stands in for it: the steps that a ``set`` or an agent task read, and the steps inside a fork, a loop or a try.
The walk follows the definition and the records of ended steps, and gives up after ``STEPS_MAX`` of them.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from processors.workflow.definition.model import (
    Block,
    CallAgentTask,
    For,
    Fork,
    SetData,
    Task,
    Try,
)
from processors.workflow.outline import body_of, plain, split
from processors.workflow.run import Run
from processors.workflow.state import AgentTask
from processors.workflow.values import bodies, names_in
from schemas.messages.workflow.messages import InputArtifact

ARTIFACTS_MAX: Final = 50
"""Most artifacts that an assignment names, and that a task's record keeps: about 300 bytes each."""
STEPS_MAX: Final = 200
"""Most steps that are looked at for one assignment: a look-up takes about a microsecond, and loops have 1,000 turns."""


def input_artifacts(run: Run, path: str, call: CallAgentTask) -> tuple[InputArtifact, ...]:
    """Give the artifacts that an agent task's inputs and intent come from, each once, nearest steps first."""
    walk = _Walk(run)
    walk.read(path, _expressions(call))
    found: dict[str, InputArtifact] = {}
    for step_name, task in walk.tasks():
        for artifact in task.artifacts:
            found.setdefault(
                f"{artifact.artifact_id} {artifact.version}",
                InputArtifact(
                    artifact_id=artifact.artifact_id,
                    name=artifact.name,
                    artifact_type=artifact.artifact_type,
                    version=artifact.version,
                    content_hash=artifact.content_hash,
                    storage_ref=artifact.storage_ref,
                    from_step=step_name,
                ),
            )
        if len(found) >= ARTIFACTS_MAX:
            break
    return tuple(found.values())[:ARTIFACTS_MAX]


def _expressions(task: CallAgentTask | SetData) -> tuple[str, ...]:
    named = task.inputs if isinstance(task, CallAgentTask) else task.values
    own = (task.intent,) if isinstance(task, CallAgentTask) else ()
    return (*(expression for _, expression in named), *own)


class _Walk:
    """Steps yet to look at, breadth first, each once: running paths."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._outline = run.outline
        self._seen: set[str] = set()
        self._waiting: deque[str] = deque()

    def tasks(self) -> Iterator[tuple[str, AgentTask]]:
        """Give (step name, task) of the ended agent tasks with artifacts, walking on through all others."""
        for _ in range(STEPS_MAX):
            if not self._waiting:
                return
            path = self._waiting.popleft()
            found = self._follow(path, self._outline.task(path))
            if found is not None:
                yield self._outline.task(path).node.name, found

    def _follow(self, path: str, task: Task) -> AgentTask | None:
        """Give the step's task where it has artifacts, else put what the step was made from on the list."""
        step = self._run.step(path)
        if step is None:
            return None
        if isinstance(task, CallAgentTask):
            made = self._made_by(step.task_id)
            if made is not None:
                return made
        if isinstance(task, CallAgentTask | SetData):
            self.read(path, _expressions(task))
        for body, block in self._inside(path, task):
            self._put(f"{body}/{index}" for index in range(len(block.tasks)))
        return None

    def _inside(self, path: str, task: Task) -> Iterator[tuple[str, Block]]:
        """Give (running body, list) of what a task holds, a loop's once for each turn that has begun."""
        if isinstance(task, Fork):
            yield from ((body_of(path, task, block), block) for _, block in task.branches)
        elif isinstance(task, For):
            for turn in range(STEPS_MAX):
                body = body_of(path, task, task.block, turn)
                if self._run.step(body) is None:
                    return
                yield body, task.block
        elif isinstance(task, Try):
            lists = (block for block in (task.block, task.catch) if block is not None)
            yield from ((body_of(path, task, block), block) for block in lists)

    def _made_by(self, task_id: str | None) -> AgentTask | None:
        task = self._run.tables.get(AgentTask, task_id) if task_id is not None else None
        return task if task is not None and task.artifacts else None

    def read(self, path: str, expressions: Iterable[str]) -> None:
        """Put the steps whose names the expressions read, as seen from a step, on the list."""
        body, _ = split(path)
        for expression in expressions:
            names = names_in(expression)
            for name in sorted(self._all_names(body) if names is None else names):
                self._put(self._steps_of(body, name))

    def _put(self, paths: Iterable[str]) -> None:
        for path in paths:
            if path not in self._seen and len(self._seen) < STEPS_MAX:
                self._seen.add(path)
                self._waiting.append(path)

    def _all_names(self, body: str) -> set[str]:
        around = bodies(self._run, body)
        return {name for inner in around for name in self._outline.positions[plain(inner)]}

    def _steps_of(self, body: str, name: str) -> Iterator[str]:
        """Give the running paths of what a name may stand for, in the order in which an expression finds it."""
        for inner in bodies(self._run, body):
            index = self._outline.positions[plain(inner)].get(name)
            if index is not None and self._run.step(f"{inner}/{index}") is not None:
                yield f"{inner}/{index}"
                return
            holder = self._outline.holder(inner)
            if holder is not None and isinstance(holder[1], For):
                loop = holder[1]
                if name in {loop.each, loop.at}:
                    self.read(holder[0], (loop.items,))
                    return
        if name in self._outline.variables:
            for task in self._outline.tasks.values():
                if isinstance(task, SetData) and name in dict(task.values):
                    yield from self._outline.elsewhere(task.node.name, body)
        yield from self._outline.elsewhere(name, body)
