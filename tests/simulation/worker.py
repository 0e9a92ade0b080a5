"""A simulated worker: the program's own parts, put together as ``streams.engine`` does, on simulated clients.

Real are cycle, inputs, transactions, keeper, restorer, rebuilder, timers and breadcrumb; simulated are the clients
under them, the clock, the places where a process can end, and the size of a cycle.
"""

import gc
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Final, Protocol, cast
from unittest.mock import Mock, patch

from confluent_kafka import KafkaException

from schemas.ids import PrincipalId, TaskId, TenantId
from streams import clients, inputs, keeper, restore, transaction
from streams.breadcrumb import Breadcrumb
from streams.clients import DoubtError
from streams.cycle import Cycle, Parts
from streams.figures import Board
from streams.inputs import Inputs
from streams.keeper import Keeper
from streams.keys import HmacLeaseKeys
from streams.pace import Pace
from streams.run.seeds import PLATFORM_ADMIN
from streams.settings import Settings
from streams.timers import TimerLostError, Timers
from streams.transaction import Transactions
from streams.wiring import Rules
from streams.work import InHand, Rulebook
from tests.simulation import kafka
from tests.simulation.log import Ended

if TYPE_CHECKING:
    from streams.crashpoints import CrashPoints

DOUBTS: Final = (KafkaException, DoubtError, TimerLostError)
"""What ends the process because something is not known; anything else that a cycle raises is a finding."""
GROUP: Final = "worker"
KEYS: Final = HmacLeaseKeys({"k1": b"x" * 32})
_PAGE_BYTES: Final = 4096


class World(Protocol):
    """What goes on around a worker."""

    broker: kafka.Broker
    rules: Rules

    @property
    def horizon_s(self) -> int:
        """Give how long command ids are remembered."""

    def meanwhile(self, worker: "SimulatedWorker") -> None:
        """Let others act while the worker stands still."""

    def look(self, cycle: Cycle) -> None:
        """Look at a worker's memory in the middle of what it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedSettings(Settings):
    """Settings of a worker whose clients are simulated: they lead the makers of clients to its places."""

    places: "Places"


class Places:
    """Stands for the crash points of one incarnation of a worker: what happens there, the seed says."""

    def __init__(self, world: World, worker: "SimulatedWorker") -> None:
        self.broker = world.broker
        self.name = worker.name
        self.cycle: Cycle | None = None
        self._world = world
        self._worker = worker

    def waits_at(self, _point: str) -> bool:
        """Tell that nothing is to be flushed: what is produced is at the broker."""
        return False

    def at(self, point: str) -> None:
        """Pass a place: the process may end here, or stand still while others act."""
        if self.cycle is not None:
            self._world.look(self.cycle)
        if self.broker.faults.hits("crash", point):
            raise Ended(point)
        if self.broker.faults.hits("away", point):
            self._world.meanwhile(self._worker)


class PageBreadcrumb(Breadcrumb):
    """A breadcrumb on a page of memory that outlives the simulated process, instead of a mapped file."""

    def __init__(self, page: bytearray) -> None:
        self._map = page  # type: ignore[assignment]
        self.suspect = self._read()


class SeededPace(Pace):
    """Cycles of a size that the seed draws; the real one follows measured time, which no seed repeats."""

    def __init__(self, random: Random) -> None:
        super().__init__(40, 2000, 0)
        self._random = random

    def limit(self) -> int:
        """Give a number of records."""
        return self._random.choice([1, 3, 10, 40])


class _Turns:
    """Runs the transactions of a cycle one after another, where the program uses threads."""

    def map(self, call: Callable[[int], object], numbers: list[int]) -> list[object]:
        return [call(number) for number in numbers]

    def submit(self, call: Callable[..., None], *arguments: object) -> "Future[None]":
        """Run it; where the process ended in it, nothing after it runs."""
        future: Future[None] = Future()
        try:
            call(*arguments)
            future.set_result(None)
        except Exception as error:  # noqa: BLE001 - a future keeps what its call raises
            future.set_exception(error)
        return future


class SimulatedWorker:
    """A worker that may end and be started again; ``skew_us`` is what its clock is ahead of the broker's."""

    def __init__(self, world: World, name: str, skew_us: int) -> None:
        self.name = name
        self.skew_us = skew_us
        self.incarnation = 0
        self.ends: Counter[str] = Counter()
        self.is_frozen = False
        self._world = world
        self._page = bytearray(_PAGE_BYTES)
        self.start()

    def start(self) -> None:
        """Begin with nothing in memory; whatever ran under this name is a zombie from now on."""
        world, broker = self._world, self._world.broker
        self.incarnation += 1
        places = Places(world, self)
        settings = SimulatedSettings(
            bootstrap="",
            worker_name=self.name,
            group=GROUP,
            command_horizon_s=world.horizon_s,
            places=places,
        )
        crash, ends = cast("CrashPoints", places), cast("clients.LogEnds", kafka.LogEnds(broker))
        layout, board, crumb = broker.log.layout, Board(), PageBreadcrumb(self._page)
        transactions = Transactions(settings, layout, crash, _fatal)
        transactions._pool = cast("Any", _Turns())
        self._producer = kafka.PlainProducer(broker)
        parts = Parts(
            book=rulebook(world, crumb),
            transactions=transactions,
            keeper=_keeper(settings, world, ends, transactions),
            timers=Timers(
                layout,
                cast("Any", self._producer),
                ends,
                clock=self._clock,
                crash=crash,
                board=board,
            ),
            crash=crash,
            pace=SeededPace(broker.random),
            board=board,
            breadcrumb=crumb,
            idle_s=0,
            beat=_beat,
        )
        self.cycle = places.cycle = Cycle(parts)
        self._inputs = Inputs(settings, layout, self.cycle, _fatal)
        self._inputs.start()

    def _clock(self) -> int:
        return self._world.broker.log.now + self.skew_us

    def step(self) -> None:
        """Run one cycle. If the process ends in it, a supervisor starts it again, unless it already has."""
        incarnation, producer = self.incarnation, self._producer
        try:
            self.cycle.run_once(self._inputs)
        except Ended as end:
            self.ends[str(end)] += 1
        except DOUBTS as doubt:
            self.ends[type(doubt).__name__] += 1
        else:
            return
        producer.end()
        if self.incarnation == incarnation:
            self.start()


def _keeper(
    settings: Settings, world: World, ends: "clients.LogEnds", transactions: Transactions
) -> Keeper:
    layout = world.broker.log.layout
    return Keeper(
        settings,
        layout,
        world.rules,
        log_ends=ends,
        restorer=restore.Restorer(settings, layout, ends, _beat),
        writer=transactions,
        board=Board(),
        beat=_beat,
    )


def rulebook(world: World, in_hand: InHand) -> Rulebook:
    """Give what decisions are made with."""
    return Rulebook(
        rules=world.rules,
        layout=world.broker.log.layout,
        keys=KEYS,
        genesis=PrincipalId(PLATFORM_ADMIN),
        in_hand=in_hand,
    )


def token_hash(tenant_id: str, task_id: str, attempt: int) -> bytes:
    """Give the hash of the one token that an attempt may have."""
    return KEYS.token_hash(KEYS.token(TenantId(tenant_id), TaskId(task_id), attempt))


def _fatal(error: object) -> None:
    raise AssertionError(error)


def _beat() -> None:
    """Tell no watchdog."""


def _consumer(settings: SimulatedSettings, _on_fatal: object) -> kafka.Consumer:
    return kafka.Consumer(settings.places.broker, settings.places.name)


def make_producer(settings: Settings, name: str, _on_fatal: object) -> kafka.TransactionalProducer:
    """Give a transactional producer of the broker that the settings lead to."""
    assert isinstance(settings, SimulatedSettings)
    return kafka.TransactionalProducer(settings.places.broker, name)


def _log_reader(settings: SimulatedSettings) -> kafka.LogReader:
    return kafka.LogReader(settings.places.broker, settings.places.at)


@contextmanager
def simulated_clients() -> Iterator[None]:
    """Make the worker's clients simulated ones, its waits none, and its log silent."""
    logging.disable(logging.CRITICAL)
    with (
        patch.object(inputs, "input_consumer", _consumer),
        patch.object(transaction, "transactional_producer", make_producer),
        patch.object(restore, "log_reader", _log_reader),
        patch.object(keeper, "KnownFacts", Mock()),
        patch.object(inputs, "_STABLE_S", -1.0),
        patch.object(clients, "RETRY_PAUSE_S", 0.0),
    ):
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)
            # A restore freezes what it made: right for a process that lives with it, not for many in one.
            gc.unfreeze()
