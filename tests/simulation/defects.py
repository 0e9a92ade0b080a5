"""Defects put into the program on purpose, each as a small change of the real code: what a checker must catch.

A change lives in a context manager and is gone with it; the program itself knows nothing of it.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Final, NamedTuple
from unittest.mock import patch
from uuid import uuid4

from processors import tenancy
from processors.decision import Decision
from processors.tenancy import quota
from schemas.ids import SYSTEM
from streams import envelopes, keeper
from streams.cycle import Cycle
from streams.decide import PartitionCycle
from streams.head import read_head
from streams.inputs import Inputs
from streams.keeper import Keeper
from streams.keys import HmacLeaseKeys
from streams.memory import Memory
from streams.outcome import OutcomeWriter
from streams.records import InputRecord
from streams.state_key import POSITIONS_KEY
from streams.timers import Timers
from streams.transaction import Transactions
from streams.wiring import Overlay, Store, TenantTables
from streams.work import Work
from tests.simulation import worker

Change = Callable[[], AbstractContextManager[Any]]


class Defect(NamedTuple):
    """A defect; ``caught_by`` are the invariants one of which must catch it, within so many seeds from ``first`` on."""

    what: str
    change: Change
    caught_by: frozenset[str]
    within: int
    first: int = 0
    kind: str = "marbles"


@contextmanager
def _both(*changes: AbstractContextManager[Any]) -> Iterator[None]:
    with ExitStack() as stack:
        for change in changes:
            stack.enter_context(change)
        yield


def offsets_before_effects() -> AbstractContextManager[Any]:
    """Commit the input positions in a transaction of their own, then what was decided."""
    commit = Transactions._commit

    def early(self: Transactions, work: Work, group: object) -> None:
        mark = [output for output in work.outputs if output.key == POSITIONS_KEY]
        commit(self, replace(work, outputs=mark), group)
        self.write(work.partition, [o for o in work.outputs if o.key != POSITIONS_KEY])

    return patch.object(Transactions, "_commit", early)


def exposed_early() -> AbstractContextManager[Any]:
    """Take a cycle's changes over before they have committed."""
    decide, expose = Cycle._decide, Cycle._expose

    def early(self: Cycle, *given: Any) -> list[Work]:
        works = decide(self, *given)
        expose(self, works)
        return works

    nothing = patch.object(Cycle, "_expose", lambda _self, _works: None)
    return _both(patch.object(Cycle, "_decide", early), nothing)


def unfenced() -> AbstractContextManager[Any]:
    """Give each worker transactional ids of its own, and commit without saying who is a member."""

    def own(self: Transactions, number: int) -> object:
        name = f"{self._settings.group}-{self._settings.worker_name}-p{number}"
        return worker.make_producer(self._settings, name, self._on_fatal)

    return _both(
        patch.object(Transactions, "_open", own),
        patch.object(Inputs, "group", lambda _self: None),
    )


def random_ids() -> AbstractContextManager[Any]:
    """Draw the ids of facts and refusals."""
    return _both(
        patch.object(Decision, "_uuid", lambda _self, _kind, _ordinal: uuid4()),
        patch.object(envelopes, "derived_id", lambda *_: f"evt-{uuid4()}"),
    )


def class_order() -> AbstractContextManager[Any]:
    """Decide a kind of command before others of the same topic: here, the short ones."""
    decide = Cycle._decide

    def sorted_first(self: Cycle, records: list[InputRecord], *more: Any) -> list[Work]:
        return decide(self, sorted(records, key=lambda record: len(record.value or b"")), *more)

    return patch.object(Cycle, "_decide", sorted_first)


def early_timers() -> AbstractContextManager[Any]:
    """Let a deadline fire whenever its timer comes."""

    def fire(self: PartitionCycle, decision: Decision, timer: Any) -> None:
        fires = self._book.rules.fire
        fires(decision, timer.timer_kind, timer.record_id, timer.deadline)

    return patch.object(PartitionCycle, "_fire", fire)


def overtaking_timers() -> AbstractContextManager[Any]:
    """Let a deadline fire before what lay in the queue."""
    decided = Timers._decided
    return patch.object(
        Timers, "_decided", lambda self, partition, _: decided(self, partition, lambda *_: 2**62)
    )


def forgotten_ids() -> AbstractContextManager[Any]:
    """Restore the state without the memory of command ids."""
    begin = Memory.__init__

    def empty(self: Memory, horizon_us: int, store: Store) -> None:
        begin(self, horizon_us, Store())
        self._store = store

    return patch.object(Memory, "__init__", empty)


def wrong_catalogue() -> AbstractContextManager[Any]:
    """Name the catalogue as it was when the cycle began, not as the decision saw it."""
    begin, outcome = PartitionCycle.__init__, OutcomeWriter.outcome

    def note(self: PartitionCycle, partition: Any, book: Any, *, watchful: bool) -> None:
        begin(self, partition, book, watchful=watchful)
        committed = TenantTables(Overlay(partition.store), SYSTEM)
        self._writer.stale = read_head(committed).sequence  # type: ignore[attr-defined]

    def stale(self: Any, cause: Any, head: Any, _position: int, **outcomes: Any) -> int:
        return outcome(self, cause, head, self.stale, **outcomes)

    return _both(
        patch.object(PartitionCycle, "__init__", note),
        patch.object(OutcomeWriter, "outcome", stale),
    )


def forked_chain() -> AbstractContextManager[Any]:
    """Keep the heads of the tenants' chains over a rebalance, whoever decided meanwhile."""
    keep = Keeper.keep

    def fork(self: Keeper, held: Any, numbers: list[int], stable: Any) -> Any:
        fresh = keep(self, held, numbers, stable)
        for number in numbers:
            before = held[number].store.entries if number in held else {}
            heads = {key: entry for key, entry in before.items() if key.kind == "TenantHead"}
            fresh[number].store.apply(heads)
        return fresh

    return patch.object(Keeper, "keep", fork)


def kept_blindly() -> AbstractContextManager[Any]:
    """Keep state in memory over a rebalance without asking whether another decided meanwhile (guard 5)."""
    keep = Keeper.keep

    def blind(self: Keeper, held: Any, numbers: list[int], stable: Any) -> Any:
        return {**keep(self, {}, numbers, stable), **{n: held[n] for n in numbers if n in held}}

    return patch.object(Keeper, "keep", blind)


def positions_of_the_group() -> AbstractContextManager[Any]:
    """Believe the group's offsets, not the positions in the state (guard 16)."""
    bring = Keeper._bring

    def believe(self: Keeper, number: int, restored: Any, stable: dict[str, int]) -> Any:
        partition = bring(self, number, restored, stable)
        partition.positions = {topic: max(offset, 0) for topic, offset in stable.items()}
        return partition

    return patch.object(Keeper, "_bring", believe)


def polled_through_a_rebalance() -> AbstractContextManager[Any]:
    """Drop what a poll with a rebalance in it gave, and do not go back for it (guard 9)."""
    return patch.object(Inputs, "_reposition", lambda _self, _dropped: None)


def strays_after_a_rebuild() -> AbstractContextManager[Any]:
    """Leave in the changelog what a rebuilt state does not have."""
    return patch.object(keeper, "removals", lambda *_, **__: [])


def never_released() -> AbstractContextManager[Any]:
    """End workflows and withdraw tasks without giving back what was reserved for them."""
    return patch.object(tenancy, "release", lambda *_: None)


def never_settled() -> AbstractContextManager[Any]:
    """Take results without counting what was used in place of what was reserved."""
    return patch.object(tenancy, "settle", lambda *_: None)


def over_the_limit() -> AbstractContextManager[Any]:
    """Admit whatever is asked for."""
    return _both(
        patch.object(quota, "_short", lambda *_: []),
        patch.object(quota, "_hold_promise", lambda *_: None),
    )


def random_tokens() -> AbstractContextManager[Any]:
    """Draw lease tokens."""
    return patch.object(HmacLeaseKeys, "token", lambda *_: f"k1.{uuid4().hex}")


def _defect(what: str, change: Change, caught_by: str, within: int, **more: Any) -> Defect:
    return Defect(what, change, frozenset(caught_by.split()), within, **more)


DEFECTS: Final[dict[str, Defect]] = {
    "offsets-before-effects": _defect(
        "offset before effect", offsets_before_effects, "I1 I4 I5", 20
    ),
    "exposed-early": _defect("state exposed early", exposed_early, "I15", 5),
    "unfenced": _defect("no fencing", unfenced, "I5 I2 I3 I10 I15", 40),
    "random-ids": _defect("id drawn at random", random_ids, "I4", 5),
    "class-order": _defect("order by class inside a topic", class_order, "I1 I3", 5),
    "early-timers": _defect("a timer fired early", early_timers, "T", 40),
    "overtaking-timers": _defect("a timer overtakes the queue", overtaking_timers, "T", 40),
    "forgotten-ids": _defect("command ids forgotten after a restore", forgotten_ids, "I2", 20),
    "wrong-catalogue": _defect("a wrong catalogue version", wrong_catalogue, "C", 20),
    "forked-chain": _defect("a chain forked over a rebalance", forked_chain, "I3 I10", 60),
    "kept-blindly": _defect(
        "state kept over a rebalance unasked", kept_blindly, "I2 I3 I5 I10 I15", 60
    ),
    "group-positions": _defect(
        "group's offsets believed", positions_of_the_group, "I1 I2 I5 I15", 40
    ),
    "no-reposition": _defect("a poll's records dropped", polled_through_a_rebalance, "I1 I12", 5),
    "strays": _defect("a rebuild leaves strays", strays_after_a_rebuild, "I4", 60),
    "never-released": _defect(
        "a reservation never released", never_released, "I8", 5, kind="workflows"
    ),
    "never-settled": _defect(
        "a reservation never settled", never_settled, "I8", 5, kind="workflows"
    ),
    "over-the-limit": _defect(
        "admission beyond a hard limit", over_the_limit, "I8", 20, kind="workflows"
    ),
    "random-tokens": _defect("lease token drawn", random_tokens, "I6", 5, kind="workflows"),
}
"""Name -> defect."""
