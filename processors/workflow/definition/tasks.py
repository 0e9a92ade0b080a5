"""Every kind of task, read from its node. One function a kind; the table at the end says which key names which."""

from collections.abc import Callable
from typing import Final

from yaml.nodes import Node as YamlNode
from yaml.nodes import ScalarNode

from processors.workflow.definition import calls
from processors.workflow.definition.durations import SECOND
from processors.workflow.definition.flow import check_flow
from processors.workflow.definition.model import (
    Block,
    CallAgentTask,
    CallApproval,
    Case,
    For,
    Fork,
    Node,
    Raise,
    SetData,
    Switch,
    Task,
    Try,
    Wait,
)
from processors.workflow.definition.reader import Fields, Reader

NAME: Final = r"[A-Za-z_][A-Za-z0-9_]{0,63}"
TASKS_MAX: Final = 500
BRANCHES_MAX: Final = 100
ITEMS_MAX: Final = 10_000
AT_ONCE_MAX: Final = 1_000
COMMON: Final = ("if", "output", "timeout")
UNSUPPORTED: Final = ("do", "emit", "listen", "run")


class Tasks:
    """Reads lists of tasks and keeps every task and list by its path."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.tasks: dict[str, Task] = {}
        self.blocks: dict[str, Block] = {}
        self.sources: dict[str, YamlNode] = {}

    def block(self, source: YamlNode, path: str) -> Block:
        """Read a ``do`` list."""
        tasks: list[Task] = []
        seen: set[str] = set()
        for index, item in enumerate(self.reader.items(source, path, most=TASKS_MAX)):
            fields = self.reader.pairs(item, f"{path}/{index}")
            if fields is None or len(fields) != 1:
                if fields is not None:
                    self.reader.report(
                        item, f"{path}/{index}", "WRONG_TYPE", "one name with its task"
                    )
                continue
            name, node = next(iter(fields.items()))
            if name in seen:
                self.reader.report(
                    item, f"{path}/{index}", "DUPLICATE_NAME", f"{name} stands twice"
                )
            seen.add(name)
            task = self.task(node, f"{path}/{len(tasks)}", name)
            if task is not None:
                tasks.append(task)
        return self._keep(Block(path, tuple(tasks)))

    def _keep(self, block: Block) -> Block:
        self.blocks[block.path] = block
        check_flow(self.reader, block, self.sources)
        return block

    def task(self, source: YamlNode, path: str, name: str) -> Task | None:
        """Read one task; None beyond the most that a definition may have."""
        self.reader.text(_named(source, name), path, name, NAME)
        fields = self.reader.pairs(source, path)
        kinds = [key for key in KINDS if key in (fields or {})]
        if fields is None or len(kinds) != 1:
            if fields is not None:
                self._no_kind(source, path, fields, kinds)
            return self._stand_in(source, path, name)
        if len(self.tasks) >= TASKS_MAX:
            self.reader.report(source, path, "TOO_LARGE", f"at most {TASKS_MAX} tasks")
            return None
        kind = kinds[0]
        read, extra = KINDS[kind]
        fields = self.reader.mapping(source, path, (kind,), (*COMMON, *extra))
        self.sources[path] = source
        node = self._node(source, path, name, fields)
        self.tasks[path] = Wait(
            node, 0
        )  # holds the place in the order of paths while its inside is read
        task = read(self, node, fields)
        self.tasks[path] = task
        return task

    def _stand_in(self, source: YamlNode, path: str, name: str) -> Task:
        """Give what keeps the name and place of a faulty task, so that one fault does not lead to others."""
        self.sources[path] = source
        self.tasks[path] = Wait(Node(path, name, source.start_mark.line + 1), 0)
        return self.tasks[path]

    def _no_kind(self, source: YamlNode, path: str, fields: Fields, kinds: list[str]) -> None:
        unsupported = [key for key in UNSUPPORTED if key in fields]
        known = ", ".join(KINDS)
        if kinds:
            self.reader.report(
                source, path, "AMBIGUOUS", f"one kind of task, not {' and '.join(kinds)}"
            )
        elif unsupported:
            message = f"{unsupported[0]} is not part of the profile: {known}"
            self.reader.report(fields[unsupported[0]], path, "UNSUPPORTED", message)
        else:
            self.reader.report(source, path, "UNKNOWN_TASK", f"one of {known} is expected")

    def _node(self, source: YamlNode, path: str, name: str, fields: Fields) -> Node:
        output = fields.get("output")
        as_ = self.reader.mapping(output, f"{path}/output", ("as",)) if output is not None else {}
        timeout = fields.get("timeout")
        return Node(
            path=path,
            name=name,
            line=source.start_mark.line + 1,
            when=self.reader.condition(fields.get("if"), f"{path}/if"),
            output_as=self.reader.value(as_["as"], f"{path}/output/as") if "as" in as_ else None,
            timeout_micros=None
            if timeout is None
            else self.reader.duration(timeout, f"{path}/timeout", SECOND, low=SECOND),
        )

    # -- the kinds -----------------------------------------------------------------------------------
    def call(self, node: Node, fields: Fields) -> Task:
        """``call``: only to what the catalogue knows; a raw protocol is no call here."""
        source = fields["call"]
        functions = ("agentTask", "approval")
        function = self.reader.text(source, f"{node.path}/call", "", r".{1,200}")
        if function and function not in functions:
            message = f"call {function} is not part of the profile: {', '.join(functions)}"
            self.reader.report(source, f"{node.path}/call", "UNSUPPORTED", message)
            return Wait(node, 0)
        with_ = fields.get("with")
        if with_ is None:
            self.reader.report(source, node.path, "MISSING", "with is missing")
            return Wait(node, 0)
        if function == "approval":
            approval: CallApproval = calls.approval(self.reader, node, with_)
            return approval
        task: CallAgentTask = calls.agent_task(self.reader, node, with_, fields.get("x-gate"))
        return task

    def set_(self, node: Node, fields: Fields) -> Task:
        """``set``: names of the workflow's context."""
        path = f"{node.path}/set"
        named = self.reader.pairs(fields["set"], path) or {}
        for name, source in named.items():
            self.reader.text(_named(source, name), path, name, NAME)
        return SetData(
            node, tuple((n, self.reader.value(s, f"{path}/{n}")) for n, s in named.items())
        )

    def switch(self, node: Node, fields: Fields) -> Task:
        """``switch``: cases in order."""
        path, cases, seen = f"{node.path}/switch", [], set()
        for index, item in enumerate(self.reader.items(fields["switch"], path, most=50)):
            pairs = self.reader.pairs(item, f"{path}/{index}") or {}
            for name, source in pairs.items():
                if name in seen:
                    self.reader.report(
                        item, f"{path}/{index}", "DUPLICATE_NAME", f"{name} stands twice"
                    )
                seen.add(name)
                inner = self.reader.mapping(source, f"{path}/{index}", ("then",), ("when",))
                then = self.reader.text(inner.get("then"), f"{path}/{index}/then", "continue", NAME)
                when = self.reader.condition(inner.get("when"), f"{path}/{index}/when")
                self.sources[f"{path}/{index}"] = inner.get("then", item)
                cases.append(Case(name, when, then))
        return Switch(node, tuple(cases))

    def fork(self, node: Node, fields: Fields) -> Task:
        """``fork``: each branch is a task, or a ``do`` list."""
        path = f"{node.path}/fork"
        inner = self.reader.mapping(fields["fork"], path, ("branches",), ("compete",))
        branches: dict[str, Block] = {}
        listed = (
            self.reader.items(inner["branches"], path, most=BRANCHES_MAX)
            if "branches" in inner
            else []
        )
        for index, item in enumerate(listed):
            pairs = self.reader.pairs(item, f"{path}/{index}") or {}
            for name, source in pairs.items():
                if name in branches:
                    self.reader.report(
                        item, f"{path}/{index}", "DUPLICATE_NAME", f"{name} stands twice"
                    )
                branches[name] = self._branch(source, f"{path}/{index}/do", name)
        compete = self.reader.boolean(inner.get("compete"), f"{path}/compete", default=False)
        return Fork(node, tuple(branches.items()), compete)

    def _branch(self, source: YamlNode, path: str, name: str) -> Block:
        fields = self.reader.pairs(source, path) or {}
        if "do" in fields:
            inner = self.reader.mapping(source, path, ("do",))
            return self.block(inner["do"], path)
        task = self.task(source, f"{path}/0", name)
        return self._keep(Block(path, (task,) if task is not None else ()))

    def for_(self, node: Node, fields: Fields) -> Task:
        """``for``: bounded, one turn after another or some at once."""
        path = f"{node.path}/for"
        inner = self.reader.mapping(fields["for"], path, ("each", "in"), ("at",))
        each = self.reader.text(inner.get("each"), f"{path}/each", "item", NAME)
        at = self.reader.text(inner.get("at"), f"{path}/at", "index", NAME)
        items = self.reader.condition(inner.get("in"), f"{path}/in") or "[]"
        if "do" not in fields:
            self.reader.report(fields["for"], node.path, "MISSING", "do is missing")
        return For(
            node=node,
            each=each,
            at=at,
            items=items,
            while_=self.reader.condition(fields.get("while"), f"{node.path}/while"),
            items_max=self.reader.integer(
                fields.get("x-maxItems"), f"{node.path}/x-maxItems", 1_000, 1, ITEMS_MAX
            ),
            at_once=self.reader.integer(
                fields.get("x-concurrency"), f"{node.path}/x-concurrency", 1, 1, AT_ONCE_MAX
            ),
            block=self.block(fields["do"], f"{path}/do")
            if "do" in fields
            else Block(f"{path}/do", ()),
        )

    def wait(self, node: Node, fields: Fields) -> Task:
        """``wait``: a durable timer."""
        return Wait(node, self.reader.duration(fields["wait"], f"{node.path}/wait", SECOND, low=0))

    def try_(self, node: Node, fields: Fields) -> Task:
        """``try`` with ``catch``."""
        path = f"{node.path}/catch"
        block = self.block(fields["try"], f"{node.path}/try")
        if "catch" not in fields:
            self.reader.report(fields["try"], node.path, "MISSING", "catch is missing")
            return Try(node, block, (), "error", None, None, None)
        inner = self.reader.mapping(
            fields["catch"], path, (), ("errors", "as", "when", "retry", "do")
        )
        error_as = self.reader.text(inner.get("as"), f"{path}/as", "error", NAME)
        return Try(
            node=node,
            block=block,
            classes=self._caught(inner.get("errors"), f"{path}/errors"),
            error_as=error_as,
            when=self.reader.condition(inner.get("when"), f"{path}/when"),
            retry=calls.retry(self.reader, f"{path}/retry", inner.get("retry")),
            catch=self.block(inner["do"], f"{path}/do") if "do" in inner else None,
        )

    def _caught(self, source: YamlNode | None, path: str) -> tuple[str, ...]:
        if source is None:
            return ()
        fields = self.reader.mapping(source, path, ("with",))
        inner = (
            self.reader.mapping(fields["with"], f"{path}/with", ("type",))
            if "with" in fields
            else {}
        )
        kind = self.reader.text(inner.get("type"), f"{path}/with/type", "", r"[a-z][A-Za-z-]{0,63}")
        return (kind,) if kind else ()

    def raise_(self, node: Node, fields: Fields) -> Task:
        """``raise``: fail with a class and a sentence."""
        path = f"{node.path}/raise"
        inner = self.reader.mapping(fields["raise"], path, ("error",))
        error = (
            self.reader.mapping(inner["error"], path, ("type",), ("title",))
            if "error" in inner
            else {}
        )
        title = error.get("title")
        return Raise(
            node=node,
            failure_class=self.reader.text(
                error.get("type"), f"{path}/type", "agent", r"[a-z][A-Za-z-]{0,63}"
            ),
            message=f'"{node.name}"'
            if title is None
            else self.reader.value(title, f"{path}/title"),
        )


def _named(source: YamlNode, name: str) -> YamlNode:
    """Give a scalar node that stands for a name, at the place of its value: nodes of keys are not kept."""
    return ScalarNode("tag:yaml.org,2002:str", name, source.start_mark, source.end_mark)


KINDS: Final[dict[str, tuple[Callable[[Tasks, Node, Fields], Task], tuple[str, ...]]]] = {
    "call": (Tasks.call, ("with", "x-gate")),
    "set": (Tasks.set_, ()),
    "switch": (Tasks.switch, ()),
    "fork": (Tasks.fork, ()),
    "for": (Tasks.for_, ("while", "do", "x-maxItems", "x-concurrency")),
    "wait": (Tasks.wait, ()),
    "try": (Tasks.try_, ("catch",)),
    "raise": (Tasks.raise_, ()),
}
"""Key that names the kind -> how it is read, and the keys that stand beside it."""
