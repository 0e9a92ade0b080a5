"""What expressions of a step see: the workflow's input, and the names in its scope, gathered when they are needed.

``context.<name>`` is, from the step's own list outwards: the output of an ended step of that list, the
item and place of the loop around it, the error that a catch handles, or a name that a ``set`` gave; then
the output of an ended step of that name anywhere, in loops only from inside the same turn. A body that runs
beside others keeps the names it sets to itself; all others set names of the workflow. Only the names that an
expression spells are read, so that a step of a long workflow does not read all steps before it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from processors.workflow import expressions
from processors.workflow.definition.model import For, Node, Try
from processors.workflow.documents import decode, encode
from processors.workflow.fault import fault
from processors.workflow.outline import plain, split
from processors.workflow.run import Run
from processors.workflow.state import WorkflowDocument

_CONTEXT: Final = re.compile(r"\bcontext\b(?:\.([A-Za-z_]\w*))?")
_SEEN: Final = frozenset({"Completed", "Skipped"})


class _Reads(NamedTuple):
    """What an expression reads: roots, and names of ``context``, None where it may read any."""

    roots: frozenset[str]
    names: frozenset[str] | None


@lru_cache(maxsize=4096)
def _reads(expression: str) -> _Reads:
    found = _CONTEXT.findall(expression)
    roots = frozenset(expressions.program(expression).variables()) & expressions.ROOTS
    return _Reads(roots, None if "" in found else frozenset(found))


def names_in(expression: str) -> frozenset[str] | None:
    """Give the names of ``context`` that an expression reads, None where it may read any."""
    reads = _reads(expression)
    return reads.names if "context" in reads.roots else frozenset()


class View:
    """What the expressions of one step, or of one turn of a loop, see."""

    def __init__(
        self, run: Run, path: str, node: Node, own: Mapping[str, Any] | None = None
    ) -> None:
        """``own``: names that stand before all others, such as the item of a turn about to begin."""
        self._run = run
        self._body, _ = split(path)
        self._own = own or {}
        self._roots: dict[str, Any] = {
            "context": dict(self._own),
            "task": {"name": node.name, "path": path, "workflowInstanceId": run.instance_id},
            "output": None,
        }
        self._looked_up: set[str] = set(self._own)

    def value(self, expression: str, **more: Any) -> Any:
        """Give what an expression says now; raises StepFaultError of class ``expression``.

        ``more``: other roots, such as ``output``.
        """
        try:
            reads = _reads(expression)
            if "context" in reads.roots:
                self._load(self._all_names() if reads.names is None else reads.names)
            if "input" in reads.roots and "input" not in self._roots:
                self._roots["input"] = self._run.input
            known = {**self._roots, **more}
            return expressions.evaluate(expression, {root: known[root] for root in reads.roots})
        except expressions.ExpressionError as error:
            raise fault("expression", f"{expression}: {error}") from error

    def text(self, expression: str) -> str:
        """Give the text that an expression says."""
        value = self.value(expression)
        if not isinstance(value, str):
            raise fault("expression", f"{expression}: gives no text")
        return value

    def holds(self, expression: str, **more: Any) -> bool:
        """Tell whether a condition holds."""
        value = self.value(expression, **more)
        if not isinstance(value, bool):
            raise fault("expression", f"{expression}: gives neither true nor false")
        return value

    def document(self, named: Iterable[tuple[str, str]]) -> str:
        """Give the JSON object of names and what their expressions say."""
        return encode({name: self.value(expression) for name, expression in named})

    def _load(self, names: Iterable[str]) -> None:
        context = self._roots["context"]
        for name in names:
            if name not in self._looked_up:
                self._looked_up.add(name)
                found = _lookup(self._run, self._body, name)
                if found is not None:
                    context[name] = decode(found)

    def _all_names(self) -> set[str]:
        outline, names = self._run.outline, set(self._run.outline.variables)
        for body in bodies(self._run, self._body):
            names.update(outline.positions[plain(body)])
            holder = outline.holder(body)
            if holder is not None and isinstance(holder[1], For):
                names.update((holder[1].each, holder[1].at))
            elif holder is not None and isinstance(holder[1], Try):
                names.add(holder[1].error_as)
        return names


def bodies(run: Run, body: str) -> Iterator[str]:
    """Give the lists around a step, innermost first."""
    while True:
        yield body
        holder = run.outline.holder(body)
        if holder is None:
            return
        body, _ = split(holder[0])


def _lookup(run: Run, body: str, name: str) -> str | None:
    """Give the JSON that a name stands for, None where it stands for nothing."""
    outline = run.outline
    for inner in bodies(run, body):
        index = outline.positions[plain(inner)].get(name)
        if index is not None:
            step = run.step(f"{inner}/{index}")
            if step is not None and step.status in _SEEN:
                return step.output
        found = _of_holder(run, inner, name)
        if found is not None:
            return found
        if outline.is_concurrent(inner):
            found = _variable(run, inner, name)
            if found is not None:
                return found
    return _variable(run, "", name) or _elsewhere(run, body, name)


def _elsewhere(run: Run, body: str, name: str) -> str | None:
    """Give the output of an ended step of another list, such as one inside a joined fork."""
    for path in run.outline.elsewhere(name, body):
        step = run.step(path)
        if step is not None and step.status in _SEEN:
            return step.output
    return None


def _of_holder(run: Run, body: str, name: str) -> str | None:
    """Give what a loop's turn or a catch names; their bodies have a record, others have none while they run."""
    holder, record = run.outline.holder(body), run.step(body)
    if holder is None or record is None:
        return None
    task = holder[1]
    if isinstance(task, For):
        return {task.each: record.document, task.at: str(record.index)}.get(name)
    return record.document if isinstance(task, Try) and name == task.error_as else None


def _variable(run: Run, scope: str, name: str) -> str | None:
    record = run.tables.get(WorkflowDocument, f"{run.instance_id}/set/{scope}/{name}")
    return record.document if record is not None else None


def set_scope(run: Run, path: str) -> str:
    """Give the body that the names of a ``set`` belong to; '' is the workflow."""
    body, _ = split(path)
    return next((b for b in bodies(run, body) if run.outline.is_concurrent(b)), "")


def shaped(run: Run, path: str, node: Node, output: str) -> str:
    """Give a step's output as its definition shapes it (``output.as``)."""
    if node.output_as is None:
        return output
    return encode(View(run, path, node).value(node.output_as, output=decode(output)))
