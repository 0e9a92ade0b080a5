"""A simulated worker: the real cycle, with the broker, the clock and its own end in the hands of a seed."""

from collections.abc import Callable, Iterable
from random import Random
from typing import TYPE_CHECKING, Any, cast

from schemas.codec import decode_envelope, decode_state
from schemas.ids import SYSTEM, TenantId
from schemas.messages.runtime.state import InputPositions
from streams.causes import Causes, Recall
from streams.cycle import Cycle, Parts
from streams.decide import Rulebook, Work, positions_record
from streams.figures import Board
from streams.inputs import Positions
from streams.pace import Pace
from streams.partition import Partition
from streams.rebuild import snapshot
from streams.records import InputRecord
from streams.replay import Replay
from streams.restore import check_positions
from streams.state_key import POSITIONS_KEY, parse_state_key
from streams.timers import Timers
from streams.wiring import Entry, Rules, Store
from tests.simulation.log import Ended, Log
from topics import naming
from topics.partition import partition_of

if TYPE_CHECKING:
    from confluent_kafka import Producer

    from streams.breadcrumb import Breadcrumb
    from streams.clients import LogEnds
    from streams.crashpoints import CrashPoints

HORIZON_US = 3_600_000_000


class Chance:
    """Crash points that end the process with a small probability, so at any of them sooner or later."""

    def __init__(self, random: Random, probability: float) -> None:
        self._random = random
        self.probability = probability

    def at(self, point: str) -> None:
        """Pass a place."""
        if self._random.random() < self.probability:
            raise Ended(point)


class Crumb:
    """A breadcrumb of a process that never ends in the middle of a record."""

    suspect = None

    def clear(self) -> None:
        """Note nothing."""

    def is_suspect(self, _record: InputRecord) -> bool:
        """Suspect nothing."""
        return False

    def attempts(self, _record: InputRecord) -> int:
        """Remember nothing."""
        return 0

    def take(self, _record: InputRecord) -> None:
        """Note nothing."""


class Answer:
    """Ends that the broker gives at some later moment."""

    def __init__(self, random: Random, ends: dict[tuple[str, int], int]) -> None:
        self._random = random
        self._ends = ends

    def is_there(self) -> bool:
        """Tell whether the answer came."""
        return self._random.random() < 0.5

    def result(self, _wait_s: float) -> dict[tuple[str, int], int]:
        """Give the ends as they were when asked for."""
        return self._ends


class World:
    """One worker's view of the broker: inputs, transactions, state, ends of logs, timer producer."""

    def __init__(self, log: Log, random: Random, rules: Rules) -> None:
        self.log = log
        self.joined = True
        self._random = random
        self._rules = rules
        self._epochs: dict[int, int] = {}
        self.cycle: Cycle | None = None

    # Inputs

    def poll(self, limit: int, _timeout_s: float, _gather_s: float) -> list[InputRecord]:
        """Give some of what is there, the partitions and topics in any mixture."""
        assert self.cycle is not None
        found: list[InputRecord] = []
        places = [(t, n) for n, positions in self.cycle.positions().items() for t in positions]
        self._random.shuffle(places)
        for topic, number in places:
            offset = self.cycle.positions()[number][topic]
            there = self.log.read(topic, number, offset)
            found += there[: self._random.randint(0, limit)]
        return found[:limit]

    def group(self) -> object:
        """Give nothing: the log fences by epoch."""
        return None

    # Transactions

    def own(self, numbers: list[int]) -> None:
        """Fence the former owners of partitions gained."""
        kept = {n: e for n, e in self._epochs.items() if n in numbers}
        self._epochs = {n: kept[n] if n in kept else self.log.fence(n) for n in numbers}

    def commit(self, works: list[Work], _group: object) -> None:
        """Commit the works in any order; the process may end after any of them."""
        assert self.cycle is not None
        for work in self._random.sample(works, len(works)):
            self.log.commit(work, self._epochs[work.partition])
            self.chance.at("between two commits")

    # Keeper

    def keep(
        self, held: dict[int, Partition], numbers: list[int], stable: Positions
    ) -> dict[int, Partition]:
        """Keep, restore or rebuild."""
        return {
            n: held[n] if n in held and held[n].positions == stable[n] else self._restore(n)
            for n in numbers
        }

    def _restore(self, number: int) -> Partition:
        held = self.log.state.get(number, {})
        if POSITIONS_KEY not in held:
            return self._rebuild(number)
        record, _ = decode_state(held[POSITIONS_KEY])
        assert isinstance(record, InputPositions)
        positions = {p.topic: p.next_offset for p in record.positions}
        if len(held) - 1 != record.state_records:
            return self._rebuild(number)
        check_positions(number, positions, self.log.stable(number), self.log.layout)
        store = Store()
        store.apply(
            {
                parse_state_key(key): Entry(*decode_state(value))
                for key, value in held.items()
                if key != POSITIONS_KEY
            }
        )
        store.sort()
        return Partition(number, store, positions, self._rules, horizon_us=HORIZON_US)

    def _rebuild(self, number: int) -> Partition:
        """Take the state from the facts, by the parts of the real rebuild that do not read."""
        home = partition_of(SYSTEM, self.log.layout.partitions)
        replay, causes = Replay(self._rules, copies_of_system=number != home), Causes()
        if number != home:
            for value in broadcasts(self.log, home):
                replay.take(decode_envelope(value), value)
        for topic in self.log.layout.facts:
            for record in self.log.read(topic, number):
                causes.take_fact(record.value or b"", replay)
        for record in self.log.read(naming.DEAD_LETTERS, number):
            causes.take_dead_letter(record.value or b"")
        stable = self.log.stable(number)
        positions = causes.positions(stable, dict.fromkeys(self.log.layout.inputs, 0))
        recall = Recall(causes, self.log.layout)
        for record in self.log.read(naming.COMMANDS, number)[: positions[naming.COMMANDS]]:
            recall.take(record)
        store = replay.finish()
        recall.store(store)
        size = len(store.entries)
        mark = positions_record(number, positions, complete_from=0, state_records=size)
        self.log.write(number, [*snapshot(number, store), mark])
        return Partition(number, store, positions, self._rules, horizon_us=HORIZON_US)

    # Ends of logs, and the producer of timers

    def ask_end(self, places: Iterable[tuple[str, int]]) -> Answer:
        """Give the ends as they are now."""
        return Answer(self._random, {p: self.log.end(*p) for p in places})

    def produce(self, topic: str, value: bytes, key: bytes, partition: int, **_: Any) -> None:
        """Append a timer."""
        self.log.append(topic, partition, key, value)

    def flush(self) -> None:
        """Wait for nothing."""

    chance: Chance


class TimerProducer:
    """The producer that timers use, on the log."""

    def __init__(self, world: World) -> None:
        self.produce = world.produce

    def poll(self, _timeout_s: float) -> int:
        """Deliver nothing."""
        return 0


def broadcasts(log: Log, home: int) -> list[bytes]:
    """Give the facts of ``system`` that every partition knows, in their sequence."""
    found = []
    for topic in log.layout.facts:
        for record in log.read(topic, home):
            envelope = decode_envelope(record.value)
            if envelope.tenant_id == SYSTEM and log.layout.admits(
                naming.CATALOGUE, envelope.event_type
            ):
                found.append((envelope.sequence or 0, record.value or b""))
    return [value for _, value in sorted(found)]


class SimulatedWorker:
    """A process that may end and start again; ``skew_us`` is what its clock is ahead of the broker's."""

    def __init__(self, log: Log, random: Random, rules: Rules, probability: float) -> None:
        self.log = log
        self.ends = 0
        self.skew_us = random.randint(-2_000_000, 2_000_000)
        self._random = random
        self._rules = rules
        self.chance = Chance(random, probability)
        self.start()

    def start(self) -> None:
        """Begin with nothing in memory."""
        world = World(self.log, self._random, self._rules)
        world.chance = self.chance
        crumb, board = Crumb(), Board()
        book = Rulebook(
            rules=self._rules, layout=self.log.layout, keys=_NoKeys(), genesis=None, in_hand=crumb
        )
        crash = cast("CrashPoints", self.chance)
        timers = Timers(
            self.log.layout,
            cast("Producer", TimerProducer(world)),
            cast("LogEnds", world),
            clock=self._clock,
            crash=crash,
            board=board,
        )
        parts = Parts(
            book=book,
            transactions=world,
            keeper=world,
            timers=timers,
            crash=crash,
            pace=Pace(40, self._random.choice([32, 64]), 0),
            board=board,
            breadcrumb=cast("Breadcrumb", crumb),
            idle_s=0,
            beat=lambda: None,
        )
        self._world, self.cycle = world, Cycle(parts)
        world.cycle = self.cycle
        self.numbers: list[int] = []

    def _clock(self) -> int:
        return self.log.now + self.skew_us

    def _survives(self, act: Callable[[], object]) -> bool:
        """Do something that may end the process; then it is started again without partitions."""
        try:
            act()
        except Ended:
            self.ends += 1
            self.start()
            return False
        return True

    def assign(self, numbers: list[int]) -> None:
        """Get exactly these partitions."""

        def act() -> None:
            self.cycle.prepare(numbers)
            self.cycle.adopt(numbers, {n: self.log.stable(n) for n in numbers})
            self.numbers = numbers

        self._survives(act)

    def step(self) -> None:
        """Run one cycle."""
        self._survives(lambda: self.cycle.run_once(self._world))


class _NoKeys:
    """Lease keys that nobody asks for."""

    def token(self, tenant_id: TenantId, task_id: str, attempt: int) -> str:
        raise AssertionError((tenant_id, task_id, attempt))

    def token_hash(self, token: str) -> bytes:
        raise AssertionError(token)
