"""The shapes of the tables that each context exports: its commands, evolvers, timers and reactions."""

from collections.abc import Callable
from typing import NamedTuple

from msgspec import Struct

from processors.contract import Rejection
from schemas.ids import ProjectId

Decide = Callable[..., Rejection | None]
ProjectOf = Callable[..., ProjectId | None]


class CommandRule(NamedTuple):
    """How a command is decided and what it needs before.

    ``permission`` is ``resource:action``; '' only for commands that carry their own proof (EstablishPlatform).
    ``while_suspended``: taken in although the tenant is suspended (what frees resources, results, approvals).
    ``creates_tenant``: may name a tenant that does not exist yet. ``platform_only``: tenant ``system`` only.
    ``metered``: counts against quota commands.rate (results and timers do not: they free resources).
    ``project_of(command, decision)``: the project that the command acts in, where its own field does not say: roles
    bound to that project count. A look; None outside any project and for an unknown id.
    """

    decide: Decide
    permission: str
    while_suspended: bool = False
    creates_tenant: bool = False
    platform_only: bool = False
    metered: bool = True
    project_of: ProjectOf | None = None


class TimerRule(NamedTuple):
    """A state kind that waits for deadlines: which one a record waits for, and what happens when it has passed.

    ``deadline(record)`` gives microseconds UTC or None. ``fire(decision, record_id, record)`` appends facts; it is
    called only if the record still waits for a deadline that has passed.
    """

    deadline: Callable[..., int | None]
    fire: Callable[..., None]


Commands = dict[type[Struct], CommandRule]
Evolvers = dict[type[Struct], tuple[Callable[..., None], ...]]
Timers = dict[type[Struct], TimerRule]
Reactions = dict[type[Struct], tuple[Callable[..., None], ...]]
"""fact type -> functions ``react(decision, fact, meta)`` that append further facts in the same decision.

How a context follows another's facts without being imported by it: the workflow advances on ApprovalGranted, a blocked
step is tried again on QuotaSettled. Run by processors.pipeline after the decider, in the order of the facts.
"""


def merged(*tables: Evolvers) -> Evolvers:
    """Join the contexts' evolvers or reactions: several contexts may follow one fact, each in its own tables."""
    out: Evolvers = {}
    for table in tables:
        for fact, evolvers in table.items():
            out[fact] = out.get(fact, ()) + evolvers
    return out
