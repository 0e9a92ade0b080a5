"""Whether every task of a list can be reached, and whether jumps go forward to a task that is there."""

from collections.abc import Mapping
from typing import Final

from yaml.nodes import Node as YamlNode

from processors.workflow.definition.model import Block, Case, Raise, Switch, Task
from processors.workflow.definition.reader import Reader

DIRECTIVES: Final = ("continue", "exit", "end")


def check_flow(reader: Reader, block: Block, sources: Mapping[str, YamlNode]) -> None:
    """Report unreachable tasks, jumps to unknown names and jumps backwards: repetition is ``for``'s, with its bound."""
    places = {task.node.name: index for index, task in enumerate(block.tasks)}
    reached, open_ = {0}, [0]
    while open_:
        index = open_.pop()
        if index < len(block.tasks):
            new = _next(reader, block, index, places, sources) - reached
            reached |= new
            open_ += sorted(new)
    for index, task in enumerate(block.tasks):
        if index not in reached:
            message = f"{task.node.name} is never reached"
            reader.report(sources[task.node.path], task.node.path, "UNREACHABLE", message)


def _always_leaves(task: Task) -> bool:
    """Tell whether the task after this one is reached by a jump only."""
    if task.node.when is not None:
        return False
    if isinstance(task, Switch):
        return any(case.when is None for case in task.cases)
    return isinstance(task, Raise)


def _next(
    reader: Reader,
    block: Block,
    index: int,
    places: Mapping[str, int],
    sources: Mapping[str, YamlNode],
) -> set[int]:
    task = block.tasks[index]
    following = set() if _always_leaves(task) else {index + 1}
    if isinstance(task, Switch):
        for number, case in enumerate(task.cases):
            source = sources[f"{task.node.path}/switch/{number}"]
            following |= _target(reader, task, case, source, places)
    return following


def _target(
    reader: Reader, task: Switch, case: Case, source: YamlNode, places: Mapping[str, int]
) -> set[int]:
    index = places[task.node.name]
    if case.then in DIRECTIVES:
        return {index + 1} if case.then == "continue" else set()
    target = places.get(case.then)
    if target is None:
        message = f"there is no task {case.then} in this list"
        reader.report(source, task.node.path, "UNKNOWN_TARGET", message)
        return {index + 1}  # so that one fault does not make all that follows unreachable
    if target <= index:
        message = f"{case.then} lies behind: repeat with for, which is bounded"
        reader.report(source, task.node.path, "CYCLE", message)
        return {index + 1}
    return {target}
