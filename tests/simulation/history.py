"""One seed's history: workers and clients act, faults happen, then everything heals and must come to its end."""

from collections.abc import Callable, Collection
from random import Random
from typing import Final

from msgspec import Struct

from schemas.messages.envelope import Envelope
from streams.cycle import Cycle
from streams.wiring import Rules
from tests.simulation.client import Client
from tests.simulation.envelopes import command_envelope
from tests.simulation.faults import Faults
from tests.simulation.kafka import Broker
from tests.simulation.log import Log
from tests.simulation.violation import ViolationError
from tests.simulation.worker import SimulatedWorker

START: Final = 1_790_000_000_000_000
SKEW_US: Final = 2_000_000
"""How far a worker's clock may be from the broker's."""
SECOND_US: Final = 1_000_000
QUIET_CYCLES_MAX: Final = 600
"""Cycles after the last fault in which everything must have come to its end."""

Act = Callable[[], None]


class History:
    """Workers, clients and a broker. ``steps``: how many acts before everything heals."""

    steps = 220

    def __init__(
        self,
        seed: int,
        log: Log,
        rules: Rules,
        numbers: list[int],
        *,
        steps: int | None = None,
        without: Collection[str] = (),
    ) -> None:
        self.random = Random(seed)  # noqa: S311 - a seed is to be repeated
        self.seed = seed
        self.faults = Faults(self.random, without)
        self.rules = rules
        self.numbers = numbers
        self.broker = Broker(log, self.random, self.faults, numbers)
        self.log = log
        self.client = Client(log, self.random, self.faults)
        self.number = 0
        self._steps = self.steps if steps is None else steps
        self._depth = 0
        self.workers = [SimulatedWorker(self, name, self._skew()) for name in ("one", "two")]

    @property
    def horizon_s(self) -> int:
        """Give how long command ids are remembered."""
        return 3600

    def _skew(self) -> int:
        if not self.faults.hits("clock-skew"):
            return 0
        return self.random.randint(-SKEW_US // 1000, SKEW_US // 1000) * 1000

    # -- clients ----------------------------------------------------------------------------------------
    def envelope(
        self, command: Struct, tenant: str, actor: str = "user:olga", kind: str = "user"
    ) -> Envelope:
        """Give a new command as its client would send it, with the client's clock in its id."""
        self.number += 1
        return command_envelope(
            command, tenant, self.number, self.log.now, actor_type=kind, actor=actor
        )

    def acts(self) -> list[tuple[Act, int]]:
        """Give what people and neighbours do, with weights."""
        raise NotImplementedError

    def end(self) -> None:
        """Do once what brings everything to its end, after the last fault."""

    def is_over(self) -> bool:
        """Tell whether everything has come to its end."""
        raise NotImplementedError

    # -- what happens -----------------------------------------------------------------------------------
    def run(self) -> None:
        """Live through it, then heal and finish. Raises ViolationError."""
        acts, weights = zip(*[*self.acts(), *self._weighted()], strict=True)
        for _ in range(self._steps):
            self.random.choices(acts, weights)[0]()
        self._finish()

    def _weighted(self) -> list[tuple[Act, int]]:
        return [
            (self._work, 50),
            (self._wait, 8),
            (self.client.resend, 6),
            (self.client.repeat, 2),
            (self.broker.transactions.settle, 3),
            (self._freeze, 5),
            (self.broker.group.rebalance, 1),
            (self._lose, 8),
        ]

    def _work(self) -> None:
        awake = [worker for worker in self.workers if not worker.is_frozen]
        if awake:
            self.random.choice(awake).step()

    def _wait(self) -> None:
        """Let time pass, often until shortly before a deadline."""
        deadline = self.next_deadline()
        if deadline is not None and self.random.random() < 0.4:
            before = deadline - self.random.randint(0, 1_500) * 1000
            self.log.now = max(self.log.now, before)
            return
        longest = 5_000
        if self.faults.hits("long-wait"):
            longest = 600_000
        self.log.now += self.random.randint(1, longest) * 1000

    def _freeze(self) -> None:
        """Freeze a worker, or wake it: it has not heard of what happened meanwhile."""
        worker = self.random.choice(self.workers)
        worker.is_frozen = not worker.is_frozen and not self.faults.is_over
        if worker.is_frozen and self.random.random() < 0.7:
            self.broker.group.expel(worker.name)

    def _lose(self) -> None:
        number = self.random.choice(self.numbers)
        changelog = self.log.changelog(number)
        if self.faults.hits("group-lost"):
            self.log.lose_group(number)
        if self.faults.hits("changelog-lost"):
            self.log.lose_changelog(number, self.random.randint(changelog.start, changelog.end))
        if self.faults.hits("compaction"):
            changelog.compact()

    def meanwhile(self, worker: SimulatedWorker) -> None:
        """Let others act while a worker stands still in the middle of a cycle; it goes on as if nothing had been."""
        if self._depth:
            return
        self._depth += 1
        was_frozen, worker.is_frozen = worker.is_frozen, True
        fate = self.random.random()
        if fate < 0.6:
            self.broker.group.expel(worker.name)
        elif fate < 0.8:
            worker.start()
            worker.is_frozen = False
        try:
            others = [self._work, self._work, self._wait, self.broker.transactions.settle]
            for _ in range(self.random.randint(1, 8)):
                self.random.choice(others)()
        finally:
            worker.is_frozen = was_frozen
            self._depth -= 1

    def look(self, cycle: Cycle) -> None:
        """Check that memory is nowhere ahead of what was committed (runtime.md §1, guard 11)."""
        for number, positions in cycle.positions().items():
            committed = self.log.positions.get(number, {})
            for topic, offset in positions.items():
                if offset > committed.get(topic, 0):
                    raise ViolationError(
                        "I15", f"memory of {topic}-{number} is at {offset}, the log is not"
                    )

    # -- the end ----------------------------------------------------------------------------------------
    def _finish(self) -> None:
        """Heal everything and go on until all has come to its end (I12)."""
        self.faults.is_over = True
        for worker in self.workers:
            worker.is_frozen = False
            worker.start()
        self.end()
        for _ in range(QUIET_CYCLES_MAX):
            self.broker.transactions.settle()
            while self.client.waiting:
                self.client.resend()
            for worker in self.workers:
                worker.step()
            if self.is_decided() and self.is_over():
                return
            self.log.now += 100_000
        raise ViolationError(
            "I12", f"not at its end {QUIET_CYCLES_MAX} cycles after the last fault: {self.left()}"
        )

    def is_decided(self) -> bool:
        """Tell whether every input was decided, by the log's own account."""
        return not self.left()

    def left(self) -> list[str]:
        """Give what was not decided yet."""
        return [
            f"{topic}-{number} from {at}"
            for number in self.numbers
            for topic in self.log.layout.inputs
            if (at := self.log.positions.get(number, {}).get(topic, 0))
            < self.log.end(topic, number)
        ]

    def next_deadline(self) -> int | None:
        """Give the earliest deadline that a living worker knows of; 0 while one has not looked for all of them."""
        held = [p for worker in self.workers for p in worker.cycle._partitions.values()]
        if not all(partition.is_indexed for partition in held):
            return 0
        known = [at for p in held if (at := p.deadlines.earliest()) is not None]
        return min(known, default=None)
