"""A parsed and checked definition: frozen nodes that the interpreter walks; no YAML and no text left but expressions.

A node's ``path`` is its place in the document, unique in it: ``do/0`` is the first task, ``do/0/fork/1/do/2`` the third
task of the second branch of a fork there. A running step's path replaces ``for`` by ``for[<index>]``.
Durations are microseconds. Expressions are CEL source, compiled and bounded at publish.
"""

from typing import NamedTuple


class Retry(NamedTuple):
    """When and how often a failed task is tried again (domain.md §5.2: default 5 attempts, 2 s … 2 min)."""

    attempts_max: int = 5
    delay_micros: int = 2_000_000
    delay_micros_max: int = 120_000_000
    factor: float = 2.0
    classes: tuple[str, ...] = ("external", "infrastructure", "agent")
    """Failure classes that are retried; ``validation`` never is."""


class Node(NamedTuple):
    """What every task has."""

    path: str
    name: str
    line: int
    when: str | None = None
    """CEL guard (``if``): the step is skipped where it is false."""
    output_as: str | None = None
    """CEL over input, context, output, task: shapes the step's output; None keeps it as it came."""
    timeout_micros: int | None = None


class CallAgentTask(NamedTuple):
    """``call: agentTask``: an agent with the role and skill does it under a lease."""

    node: Node
    role: str
    skill: str
    skill_range: str
    inputs: tuple[tuple[str, str], ...]
    """Name -> CEL: the task's inputs."""
    intent: str
    """CEL giving the intent text."""
    model_policy: str
    """name@version, or a name: the newest published."""
    input_tokens: int
    output_tokens: int
    """Token budget that is reserved before assignment."""
    max_corrections: int
    deadline_micros: int
    """Longest time from assignment to result, heartbeats or not."""
    priority: int
    """1 (first) … 5."""
    retry: Retry
    gate: str | None = None
    """Action of an additional policy gate (x-gate)."""


class CallApproval(NamedTuple):
    """``call: approval``: waits until a quorum of people with the role grants, one rejects, or it expires."""

    node: Node
    approver_role: str
    quorum: int
    four_eyes: bool
    expires_micros: int
    on_expiry: str
    """``reject`` or ``escalate``."""
    title: str
    """CEL giving the sentence the approver reads."""


class SetData(NamedTuple):
    """``set``: names in the workflow's context."""

    node: Node
    values: tuple[tuple[str, str], ...]
    """Name -> CEL."""


class Case(NamedTuple):
    """One case of a switch; ``when`` None is the default.

    ``then`` is a task name of the same list, or ``continue``, ``exit`` (leave this list), ``end`` (complete the
    workflow).
    """

    name: str
    when: str | None
    then: str


class Switch(NamedTuple):
    """``switch``: the first case that holds says where to go on."""

    node: Node
    cases: tuple[Case, ...]


class Fork(NamedTuple):
    """``fork``: branches run at once; joined when all have ended, or the first (``compete``)."""

    node: Node
    branches: tuple[tuple[str, "Block"], ...]
    compete: bool


class For(NamedTuple):
    """``for``: the block runs once for each item; ``at_once`` iterations at a time."""

    node: Node
    each: str
    at: str
    items: str
    """CEL giving the list."""
    while_: str | None
    items_max: int
    at_once: int
    block: "Block"


class Wait(NamedTuple):
    """``wait``: a durable timer."""

    node: Node
    micros: int


class Try(NamedTuple):
    """``try``/``catch``: a failure inside goes to the catch block if its class is listed and ``when`` holds."""

    node: Node
    block: "Block"
    classes: tuple[str, ...]
    """Failure classes caught; empty catches all."""
    error_as: str
    """Name of the error in the catch block's context."""
    when: str | None
    retry: Retry | None
    catch: "Block | None"


class Raise(NamedTuple):
    """``raise``: fails with a class and a sentence."""

    node: Node
    failure_class: str
    message: str
    """CEL."""


Task = CallAgentTask | CallApproval | SetData | Switch | Fork | For | Wait | Try | Raise


class Block(NamedTuple):
    """A ``do`` list."""

    path: str
    tasks: tuple[Task, ...]


class Definition(NamedTuple):
    """One version of a workflow definition."""

    namespace: str
    name: str
    version: str
    title: str
    input_schema: str | None
    """JSON Schema text of the workflow's input."""
    output_as: str | None
    timeout_micros: int | None
    do: Block
    tasks_by_path: dict[str, Task]
    blocks_by_path: dict[str, Block]
    skills: tuple[tuple[str, str], ...]
    """(skill, range) that the definition uses; each must resolve when an instance starts."""


class Finding(NamedTuple):
    """One fault of a definition: where it is and what rule it breaks."""

    line: int
    column: int
    path: str
    code: str
    message: str
