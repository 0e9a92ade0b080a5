"""What happens to one cause: admit, authorise, decide, and let the other contexts follow the facts.

The same steps for every command, so that no context can forget one: tenancy admits (tenant known, active, in rate),
identity authorises the actor, the context decides (and asks its own gates and quotas), reactions follow.
"""

from typing import Final

from msgspec import Struct

from processors import identity, registry, tenancy
from processors.contract import Rejection
from processors.decision import Decision
from processors.rules import CommandRule
from schemas.ids import ProjectId

REACTION_LIMIT: Final = 20_000
"""Most facts of one outcome that are followed: far above any real outcome, it turns an endless chain of reactions into
a PROCESSOR_BUG dead letter instead of a worker that hangs."""


class ReactionLimitError(AssertionError):
    """Reactions go on without end: a defect of the deciders."""


def decide(decision: Decision, command: Struct) -> Rejection | None:
    """Decide a command; facts and messages are left in ``decision``, a refusal is returned."""
    rule = registry.commands()[type(command)]
    refused = tenancy.admit(decision, rule)
    if refused is None and rule.permission:
        refused = identity.authorise(
            decision, rule.permission, _project_of(rule, decision, command)
        )
    if refused is None:
        refused = rule.decide(command, decision)
    follow(decision)
    return refused


def _project_of(rule: CommandRule, decision: Decision, command: Struct) -> ProjectId | None:
    """Give the project that a command acts in: what it is about says so, or else its own field."""
    if rule.project_of is not None:
        return rule.project_of(command, decision)
    named: ProjectId | None = getattr(command, "project_id", None)
    return named


def fire(decision: Decision, timer_kind: str, record_id: str, deadline: int) -> None:
    """Decide a timer: silent if the record is gone, waits for another deadline, or the deadline is yet to come."""
    known = registry.timers_by_name().get(timer_kind)
    if known is None:
        return
    kind, rule = known
    record = decision.tables.get(kind, record_id)
    if record is None:
        return
    waits_for = rule.deadline(record)
    if waits_for is None or waits_for > decision.at or waits_for > deadline:
        return
    rule.fire(decision, record_id, record)
    follow(decision)


def follow(decision: Decision) -> None:
    """Run the reactions to every fact of the decision, those that reactions add included, in order."""
    table = registry.reactions()
    done = 0
    while done < len(decision.recorded):
        recorded = decision.recorded[done]
        for react in table.get(type(recorded.fact), ()):
            react(decision, recorded.fact, recorded.meta)
        done += 1
        if done > REACTION_LIMIT:
            raise ReactionLimitError(
                f"more than {REACTION_LIMIT} facts follow {decision.cause.message_type}"
            )


def deadline_of(record: Struct) -> int | None:
    """Give the deadline that a state record waits for, microseconds UTC, or None."""
    rule = registry.timers().get(type(record))
    return rule.deadline(record) if rule is not None else None
