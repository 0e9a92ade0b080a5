"""The quota ledger against a reference model that knows nothing of lines, flags and closed windows.

The model keeps every usage and every open reservation with its instant and sums them anew for each question.
Random reservations, settlements, releases, usage without a reservation, changes of limits and moves of time must
leave both with the same answers; nothing may be admitted beyond a limit; and the facts alone must give the same
ledger again.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from processors import contract, registry, tenancy
from processors.tables import Overlay, Store, TenantTables
from processors.tenancy.ledger import EMPTY
from processors.tenancy.state import (
    TENANT_LEDGER,
    QuotaLedger,
    QuotaLine,
    QuotaReservation,
)
from schemas.ids import LedgerId, ProjectId, ReservationId
from schemas.messages.tenancy.facts import QuotaOverridden
from tests.unit.scenario import START, Scenario
from tests.unit.tenancy.given import PROJECT

SECOND = 1_000_000
LENGTHS = {"none": 2**62, "minute": 60 * SECOND, "hour": 3600 * SECOND, "day": 86_400 * SECOND}
KEYS = [
    ("tasks.active", "none"),
    ("tokens.input", "minute"),
    ("tokens.input", "day"),
    ("cost.amount", "hour"),
]
DIMENSIONS = sorted({dimension for dimension, _ in KEYS})
AMOUNTS = st.dictionaries(st.sampled_from(DIMENSIONS), st.integers(0, 60), max_size=3)
ROLE = "Adder"
ROLE_LEDGER = f"role:{ROLE}"
PROJECTS = st.sampled_from([None, PROJECT])
ROLES = st.sampled_from([None, ROLE, "Tester"])
OWNERS = st.sampled_from([None, PROJECT, ROLE_LEDGER])
LEDGERS: tuple[str | None, ...] = (None, PROJECT, ROLE_LEDGER)
"""Ledgers that may have limits: the tenant's, a project's, a role's. Nobody limits the other role."""


class Charge(NamedTuple):
    """An amount that counts in the windows of its instant."""

    at: int
    owners: tuple[str | None, ...]
    amounts: Mapping[str, int]
    order: int


class Limit(NamedTuple):
    """A limit; it counts the usage that came after it was first set."""

    most: int
    hard: bool
    since: int


class Model:
    """What should be so, summed from the whole past."""

    def __init__(self) -> None:
        self.limits: dict[tuple[str | None, str, str], Limit] = {}
        self.uses: list[Charge] = []
        self.open: dict[str, Charge] = {}

    def counts(self, key: tuple[str | None, str, str], at: int) -> tuple[int, int]:
        """Give (used, reserved) in the window of the instant."""
        owner, dimension, window = key
        since = self.limits[key].since

        def total(charges: list[Charge]) -> int:
            return sum(
                charge.amounts.get(dimension, 0)
                for charge in charges
                if charge.at // LENGTHS[window] == at // LENGTHS[window] and owner in charge.owners
            )

        uses = [use for use in self.uses if use.order >= since]
        return total(uses), total(list(self.open.values()))

    def admits(self, charge: Charge) -> bool:
        """Tell whether every hard limit leaves room."""
        for key, limit in self.limits.items():
            owner, dimension, _ = key
            wanted = charge.amounts.get(dimension, 0)
            if wanted and limit.hard and owner in charge.owners:
                used, reserved = self.counts(key, charge.at)
                if used + reserved + wanted > limit.most:
                    return False
        return True


class QuotaLedgerMachine(RuleBasedStateMachine):
    """Drives ledger and model by the same steps."""

    def __init__(self) -> None:
        super().__init__()
        self.scenario = Scenario()
        self.model = Model()
        self.order = 0
        self.role_is_limited = False
        self.history: list[tuple[Any, contract.Meta]] = []

    def step(self) -> Any:
        """Give the next decision; what the last one recorded joins the history."""
        self.keep()
        self.order += 1
        return self.scenario.decide()

    def keep(self) -> None:
        """Take the facts of the last decision into the history, once."""
        if self.scenario.decision is not None:
            self.history += [(r.fact, r.meta) for r in self.scenario.decision.recorded]
            self.scenario.decision.recorded.clear()

    @initialize(limits=st.lists(st.integers(0, 150), min_size=len(KEYS), max_size=len(KEYS)))
    def begin(self, limits: list[int]) -> None:
        for (dimension, window), most in zip(KEYS, limits, strict=True):
            self.change(dimension, window, most, hard=True, owner=None)

    @rule(amounts=AMOUNTS, project_id=PROJECTS, role=ROLES)
    def reserve(
        self, amounts: dict[str, int], project_id: ProjectId | None, role: str | None
    ) -> None:
        decision = self.step()
        name = f"task-{self.order}"
        # A role is charged from its first limit on.
        own = (ROLE_LEDGER,) if role == ROLE and self.role_is_limited else ()
        charge = Charge(self.scenario.at, (None, project_id, *own), amounts, self.order)
        refused = tenancy.reserve(
            decision, ReservationId(name), amounts, project_id, agent_role=role
        )
        assert (refused is None) == self.model.admits(charge), (refused, amounts)
        if refused is None:
            self.model.open[name] = charge
        for key, limit in self.model.limits.items():
            admitted = refused is None and amounts.get(key[1]) and key[0] in charge.owners
            if admitted and limit.hard:
                assert sum(self.model.counts(key, charge.at)) <= limit.most

    @precondition(lambda self: self.model.open)
    @rule(data=st.data(), actual=AMOUNTS)
    def settle(self, data: st.DataObject, actual: dict[str, int]) -> None:
        name = data.draw(st.sampled_from(sorted(self.model.open)))
        tenancy.settle(self.step(), ReservationId(name), actual)
        reserved = self.model.open.pop(name)
        self.model.uses.append(reserved._replace(amounts=actual, order=self.order))

    @precondition(lambda self: self.model.open)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.model.open)))
        tenancy.release(self.step(), ReservationId(name), "given back")
        del self.model.open[name]

    @rule(amounts=AMOUNTS, project_id=PROJECTS)
    def meter(self, amounts: dict[str, int], project_id: ProjectId | None) -> None:
        tenancy.meter(self.step(), amounts, project_id, "a stale result")
        self.model.uses.append(Charge(self.scenario.at, (None, project_id), amounts, self.order))

    @rule(name=st.integers(0, 5))
    def end_what_is_not_open(self, name: int) -> None:
        decision = self.step()
        tenancy.settle(decision, ReservationId(f"other-{name}"), {"tasks.active": 1})
        tenancy.release(decision, ReservationId(f"other-{name}"), "given back")
        assert decision.recorded == []

    @rule(
        key=st.sampled_from(KEYS),
        most=st.none() | st.integers(0, 200),
        hard=st.booleans(),
        owner=OWNERS,
    )
    def limit(self, key: tuple[str, str], most: int | None, hard: bool, owner: str | None) -> None:
        self.change(*key, most, hard=hard, owner=owner)

    def change(
        self,
        dimension: str,
        window: Any,
        most: int | None,
        *,
        hard: bool,
        owner: str | None,
    ) -> None:
        """Set or withdraw a limit, as the fact of an override does."""
        decision = self.step()
        # A limit is set on the windows of now: whatever meets an edge begins the new ones first.
        decision.record(
            QuotaOverridden(
                ledger_id=LedgerId(owner or TENANT_LEDGER),
                project_id=PROJECT if owner == PROJECT else None,
                dimension=dimension,
                window=window,
                limit=most,
                hard=hard,
                set_by="platform",
                reason="a test",
            )
        )
        key = (owner, dimension, window)
        self.role_is_limited |= owner == ROLE_LEDGER
        if most is None:
            self.model.limits.pop(key, None)
        else:
            since = self.model.limits[key].since if key in self.model.limits else self.order
            self.model.limits[key] = Limit(most, hard, since)

    @rule(seconds=st.sampled_from([1, 59, 60, 3600, 86_399, 86_400, 90 * 86_400]))
    def wait(self, seconds: int) -> None:
        self.scenario.at += seconds * SECOND

    @precondition(lambda self: any(self.waiting()))
    @rule()
    def meet_the_edge(self) -> None:
        ledger_id = next(self.waiting())
        self.keep()
        self.order += 1
        self.scenario.when_timer(QuotaLedger, ledger_id)
        assert self.scenario.facts

    def waiting(self) -> Any:
        """Give the ids of the ledgers that wait for an edge."""
        for ledger_id, ledger in self.scenario.tables.scan(QuotaLedger):
            if ledger.waits_until is not None:
                yield ledger_id

    def lines(self, owner: str | None) -> dict[tuple[str, str], QuotaLine]:
        """Give the ledger's lines."""
        ledger = self.scenario.tables.get(QuotaLedger, owner or TENANT_LEDGER) or EMPTY
        return {(line.dimension, line.window): line for line in ledger.lines}

    @invariant()
    def the_ledger_counts_what_the_model_sums(self) -> None:
        for owner in LEDGERS:
            for (dimension, window), line in self.lines(owner).items():
                key = (owner, dimension, window)
                assert (line.limit, line.hard) == self.model.limits[key][:2]
                counted = self.model.counts(key, line.window_start)
                assert (line.used, line.reserved) == counted, key
                assert len(line.closed) <= len(self.model.open)

    @invariant()
    def every_open_reservation_is_kept_and_no_other(self) -> None:
        kept = {name for name, _ in self.scenario.tables.scan(QuotaReservation)}
        assert kept == set(self.model.open)

    def teardown(self) -> None:
        for name in sorted(self.model.open):
            tenancy.settle(self.step(), ReservationId(name), {})
        self.keep()
        assert next(self.scenario.tables.scan(QuotaReservation), None) is None
        for owner in LEDGERS:
            for line in self.lines(owner).values():
                assert (line.reserved, line.closed) == (0, ())
        replayed = TenantTables(Overlay(Store()), self.scenario.tenant_id)
        for fact, meta in self.history:
            registry.apply(replayed, fact, meta)
        assert dict(replayed.scan(QuotaLedger)) == dict(self.scenario.tables.scan(QuotaLedger))


QuotaLedgerMachine.TestCase.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None
)
TestQuotaLedger = QuotaLedgerMachine.TestCase


def test_a_thousand_tasks_and_budget_for_a_hundred_admit_a_hundred() -> None:
    scenario = Scenario()
    machine = QuotaLedgerMachine()
    machine.scenario = scenario
    machine.change("cost.amount", "hour", 100 * 7 + 6, hard=True, owner=None)
    admitted = [
        name
        for name in range(1000)
        if tenancy.reserve(
            scenario.decide(), ReservationId(f"task-{name}"), {"cost.amount": 7}, None
        )
        is None
    ]
    assert admitted == list(range(100))
    assert scenario.at == START
