"""The real loop under a seeded history: crashes anywhere, zombies, rebalances, a lost group, a lost changelog.

A seed that fails is named by the test's own name: run that one alone to see it again, step by step.
"""

from random import Random
from typing import TYPE_CHECKING

import pytest
from msgspec import structs

from schemas.codec import decode_envelope, decode_payload, encode_envelope
from schemas.ids import SYSTEM
from streams.layout import Layout
from tests.integration.streams import toy
from tests.integration.streams.toy import AddMarbles, JarSpilled, PublishMarbleRule
from tests.simulation.check import check, facts
from tests.simulation.log import Log
from tests.simulation.worker import SimulatedWorker
from tests.unit.streams.test_decide import a_record
from topics import naming
from topics.partition import partition_of

if TYPE_CHECKING:
    from schemas.messages.envelope import Envelope

START = 1_790_000_000_000_000
TENANTS = ("acme", "bolt", "crane", SYSTEM)
SEEDS_A_TEST = 10


class History:
    """One seed's history."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - a seed is to be repeated
        self.log = Log(Layout(partitions=3, admits=toy.admits), START)
        rules = toy.rules()
        self.rules = rules
        self.workers = [SimulatedWorker(self.log, self.random, rules, 0.02) for _ in range(2)]
        self.frozen: set[int] = set()
        self.sent: list[Envelope] = []
        self.number = 0

    def send(self) -> None:
        """Send a command: mostly a new one, sometimes one that came before or one that cannot be read."""
        kind = self.random.random()
        if kind < 0.05:
            tenant = self.random.choice(TENANTS[:3])
            self._append(tenant, self.random.randbytes(40))
        elif kind < 0.15 and self.sent:
            envelope = self.random.choice(self.sent)
            self._append(envelope.tenant_id, encode_envelope(envelope))
        elif kind < 0.18:
            most = self.random.randint(5, 20)
            self._send(PublishMarbleRule(rule_id="most", most=most), SYSTEM)
        else:
            spills_at = self.log.now + self.random.randint(1, 20_000_000)
            command = AddMarbles(
                jar_id=self.random.choice("ab"),
                count=self.random.choice([toy.SILENT, -1, 1, 2, 3, 7, toy.BUG]),
                spills_at=self.random.choice([None, spills_at]),
            )
            self._send(command, self.random.choice(TENANTS[:3]))

    def _send(self, command: AddMarbles | PublishMarbleRule, tenant: str) -> None:
        self.number += 1
        record = a_record(command, self.number, tenant=tenant, at=self.log.now)
        self.sent.append(decode_envelope(record.value))
        self._append(tenant, record.value or b"")

    def _append(self, tenant: str, value: bytes) -> None:
        number = partition_of(tenant, self.log.layout.partitions)
        self.log.append(naming.COMMANDS, number, tenant.encode(), value)

    def rebalance(self) -> None:
        """Hand the partitions out anew; a frozen worker does not hear of it and goes on as before."""
        self.frozen = {n for n in range(2) if self.random.random() < 0.2}
        alive = [w for n, w in enumerate(self.workers) if n not in self.frozen]
        shares: dict[int, list[int]] = {n: [] for n in range(len(alive))}
        for number in range(self.log.layout.partitions):
            if alive:
                shares[self.random.randrange(len(alive))].append(number)
        for worker, share in zip(alive, shares.values(), strict=True):
            worker.assign(share)

    def lose(self) -> None:
        """Lose what may be lost: the group, or the changelog of a partition."""
        number = self.random.randrange(self.log.layout.partitions)
        if self.random.random() < 0.5:
            self.log.offsets.pop(number, None)
        else:
            self.log.state.pop(number, None)

    def run(self) -> None:
        """Live through it, then heal and finish."""
        self.rebalance()
        for _ in range(250):
            self.random.choices(
                [self.send, self.work, self.wait, self.rebalance, self.lose],
                [40, 45, 8, 5, 2],
            )[0]()
        self.finish()

    def work(self) -> None:
        """Run a cycle of one worker; a frozen one may be in the middle of what it did before."""
        self.random.choice(self.workers).step()

    def wait(self) -> None:
        """Let time pass."""
        self.log.now += self.random.randint(1, 5_000_000)

    def finish(self) -> None:
        """Heal everything and run until nothing is left to do."""
        for worker in self.workers:
            worker.chance.probability = 0
            worker.start()
        self.workers[0].assign(list(range(self.log.layout.partitions)))
        self.log.now += 60_000_000
        for _ in range(200):
            self.workers[0].step()
            self.log.now += 100_000


@pytest.mark.parametrize("first", range(0, 300, SEEDS_A_TEST))
def test_no_history_breaks_an_invariant(first: int) -> None:
    for seed in range(first, first + SEEDS_A_TEST):
        history = History(seed)
        history.run()
        check(history.log, history.rules, TENANTS)
        deadlines_fired_once(history.log)


def deadlines_fired_once(log: Log) -> None:
    """Check that no deadline fired twice or early, and that none is left."""
    spilled = [
        (envelope, fact)
        for envelope, _ in facts(log)
        if isinstance(
            fact := decode_payload(envelope.payload_schema_id, envelope.payload), JarSpilled
        )
    ]
    assert all(envelope.occurred_at >= fact.deadline for envelope, fact in spilled)
    named = [(envelope.tenant_id, fact.jar_id, fact.deadline) for envelope, fact in spilled]
    assert len(set(named)) == len(named)


def test_the_history_visits_what_it_is_for() -> None:
    ends = fired = 0
    for seed in range(10):
        history = History(seed)
        history.run()
        ends += sum(worker.ends for worker in history.workers)
        fired += sum(
            structs.asdict(envelope)["cause_topic"] == naming.TIMERS
            for envelope, _ in facts(history.log)
        )
    assert ends > 20
    assert fired > 20
