"""Which names ``context.<name>`` may mean at a place of a definition; the engine looks them up by the same rule.

From a place are seen: tasks that may have ended before it, unless they stand in a loop that is not around the place;
the item and place of a loop around it; the error of a catch around it; and what a ``set`` gives, where a body that runs
beside others keeps what is set in it to itself. What ``has`` asks for need only be a name of the definition.
"""

from collections.abc import Iterator, Mapping

from processors.workflow.definition.model import For, Fork, SetData, Task, Try


def unknown_reads(
    reads: Mapping[str, frozenset[str]], tasks: Mapping[str, Task]
) -> Iterator[tuple[str, str]]:
    """Give (path, name) of each read that can never find its name. ``reads``: path -> names read there."""
    setters = [
        (_body_beside_others(path, tasks), name)
        for path, task in tasks.items()
        if isinstance(task, SetData)
        for name, _ in task.values
    ]
    for path, names in reads.items():
        if not names:
            continue
        known = {name for body, name in setters if _holds(body, path)}
        known |= _around(path, tasks, names)
        yield from ((path, name) for name in sorted(names - known))


def _holds(outer: str, path: str) -> bool:
    return not outer or path.startswith(outer + "/")


def _body_beside_others(path: str, tasks: Mapping[str, Task]) -> str:
    """Give the innermost body around a path that runs beside others, '' where none does."""
    found = ""
    for holder, task in tasks.items():
        for body in _bodies_beside_others(task):
            if _holds(body, path) and len(body) > len(found) and holder != path:
                found = body
    return found


def _bodies_beside_others(task: Task) -> tuple[str, ...]:
    if isinstance(task, Fork):
        return tuple(block.path for _, block in task.branches)
    return (task.block.path,) if isinstance(task, For) and task.at_once > 1 else ()


def _around(path: str, tasks: Mapping[str, Task], names: frozenset[str]) -> set[str]:
    """Give those of the names that tasks, loops and catches seen from a path give, and perhaps others."""
    known = {
        task.node.name
        for other, task in tasks.items()
        if task.node.name in names and _may_have_ended(other, path)
    }
    for holder, task in tasks.items():
        if not isinstance(task, For | Try) or not _holds(holder, path):
            continue
        inside = path[len(holder) :]
        if isinstance(task, For) and inside.startswith(("/for/do/", "/while")):
            known |= {task.each, task.at}
        elif isinstance(task, Try) and inside.startswith("/catch/"):
            known.add(task.error_as)
    return known


def _may_have_ended(other: str, path: str) -> bool:
    """Tell whether the task at ``other`` may have ended, and be seen, when the place at ``path`` is reached."""
    theirs, ours = other.split("/"), path.split("/")
    shared = 0
    while shared < min(len(theirs), len(ours)) and theirs[shared] == ours[shared]:
        shared += 1
    if shared in (len(theirs), len(ours)) or "for" in theirs[shared:]:
        return False
    if theirs[shared].isdigit() and ours[shared].isdigit() and theirs[shared - 1] != "fork":
        return int(theirs[shared]) < int(ours[shared])
    return theirs[shared] != "catch"


def names_given(tasks: Mapping[str, Task]) -> set[str]:
    """Give every name that ``context.<name>`` may mean anywhere in the definition."""
    names = {task.node.name for task in tasks.values()}
    for task in tasks.values():
        if isinstance(task, For):
            names |= {task.each, task.at}
        elif isinstance(task, Try):
            names.add(task.error_as)
        elif isinstance(task, SetData):
            names |= {name for name, _ in task.values}
    return names
