"""Runs a history and judges it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from streams.replay import BrokenChainError
from tests.simulation import check_log, check_marbles, check_state, check_work
from tests.simulation.check_state import Rerun
from tests.simulation.evidence import Evidence
from tests.simulation.history import History
from tests.simulation.marbles import Marbles
from tests.simulation.violation import ViolationError
from tests.simulation.worker import rulebook
from tests.simulation.workflows import Workflows, base
from tests.unit.streams.test_decide import Untouched


@dataclass
class Verdict:
    """What became of a seed."""

    history: History
    violation: ViolationError | None


def judge_marbles(seed: int, **options: object) -> Verdict:
    """Run a history of the toy context and judge it."""
    history = Marbles(seed, **options)  # type: ignore[arg-type]
    return judge(history, partial(check_marbles_history, history))


def judge_workflows(seed: int, **options: object) -> Verdict:
    """Run a history of the factory's own rules and judge it."""
    history = Workflows(seed, **options)  # type: ignore[arg-type]
    return judge(history, partial(check_workflows_history, history))


def check_workflows_history(history: Workflows) -> None:
    """Check everything that holds of a history of the factory's own rules."""
    evidence = Evidence(history.log, history.rules, history.numbers)
    check_any(history, evidence)
    check_work.leases_are_single(evidence)
    check_work.assignments_are_facts(evidence)
    check_work.reservations_end(evidence)
    check_work.policy_comes_first(evidence)
    check_work.a_stranger_finds_nothing(evidence)
    begun = base().log
    check_state.catalogue_is_what_was_seen(evidence)
    partitions = check_state.resume(begun, history.rules, history.numbers, history.horizon_s)
    Rerun(evidence, rulebook(history, Untouched()), partitions, len(begun.commits)).check()


def judge(history: History, check: Callable[[], None]) -> Verdict:
    """Run a history and check it."""
    try:
        history.run()
        check()
    except ViolationError as violation:
        return Verdict(history, violation)
    except BrokenChainError as error:
        return Verdict(history, ViolationError("I10", f"a rebuild found {error}"))
    except Exception as error:  # noqa: BLE001 - whatever the program raises besides a doubt is a finding
        return Verdict(history, ViolationError("X", f"the program raised {error!r}"))
    return Verdict(history, None)


def check_any(history: History, evidence: Evidence) -> None:
    """Check what holds of any history."""
    check_log.owners_do_not_overlap(evidence)
    check_log.commands_have_one_end(evidence)
    check_log.ids_are_decided_once(evidence)
    check_log.acknowledged_are_decided(evidence, history.client.acknowledged)
    check_log.letters_are_deserved(evidence)
    check_log.order_is_whole(evidence)
    check_log.chain_is_whole(evidence)
    check_log.tenants_are_kept_apart(evidence)
    check_state.state_follows_from_facts(evidence)
    held = [p for worker in history.workers for p in worker.cycle._partitions.values()]
    check_state.memory_is_the_state(evidence, held)


def check_marbles_history(history: Marbles) -> None:
    """Check everything that holds of a history of the toy context."""
    evidence = Evidence(history.log, history.rules, history.numbers)
    check_any(history, evidence)
    check_marbles.jars_are_right(evidence)
    check_marbles.rules_are_those_named(evidence)
    check_marbles.deadlines_overtake_nothing(evidence)
    check_state.catalogue_is_what_was_seen(evidence)
    begun = check_state.begin(history.log.layout, evidence, history.horizon_s * 1_000_000)
    Rerun(evidence, rulebook(history, Untouched()), begun).check()
