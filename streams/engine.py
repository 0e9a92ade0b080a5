"""The thread that runs the cycle, and the rules of its end: any doubt ends the process at once.

Nothing is repaired in place: the supervisor starts a new process, which fences this one and restores
(runtime.md guards 1 and 14). A stop that was asked for ends between two cycles, when no transaction is open.
"""

import logging
import threading
import time

from confluent_kafka import KafkaError

from schemas.ids import PrincipalId
from schemas.output import OperatorError
from streams.breadcrumb import Breadcrumb
from streams.clients import DoubtError, LogEnds, plain_producer
from streams.crashpoints import CrashPoints
from streams.cycle import Cycle, Parts
from streams.exits import doubt, refuse
from streams.figures import Board
from streams.identity import Identity
from streams.inputs import Inputs
from streams.keeper import Keeper
from streams.keys import HmacLeaseKeys, lease_keys
from streams.known_facts import KnownFacts
from streams.layout import Layout
from streams.observe.decisions import DecisionSpans, decision_spans
from streams.pace import Pace
from streams.restore import Restorer
from streams.settings import Settings
from streams.start import Start
from streams.successor import Successor
from streams.timers import Timers
from streams.transaction import Transactions
from streams.watchdog import Watchdog
from streams.wiring import Rules
from streams.work import Rulebook

log = logging.getLogger(__name__)


def wall_clock() -> int:
    """Give the wall clock, microseconds UTC."""
    return time.time_ns() // 1000


class Engine:
    """One worker's cycle in a thread of its own."""

    def __init__(self, settings: Settings, layout: Layout, rules: Rules) -> None:
        self.board = Board()
        self._cycle: Cycle | None = None
        self._restorer: Restorer | None = None
        self._settings = settings
        self._layout = layout
        self._rules = rules
        self._ending = threading.Event()
        # Above the deadline of any single call, so that the call's own error is the one that is told.
        self._watchdog = Watchdog(settings.wait_s + 10)
        self._thread = threading.Thread(target=self._main, name="cycle", daemon=True)

    def start(self) -> None:
        """Start the thread; whatever goes wrong in it ends the process."""
        self._watchdog.start()
        self._thread.start()

    @property
    def silent_s(self) -> float:
        """How long ago the cycle made progress, seconds."""
        return self._watchdog.silent_s

    def restore_progress(self) -> tuple[int, int]:
        """Give (offsets read, offsets to read) of the restore in hand or the last one."""
        return (0, 0) if self._restorer is None else self._restorer.progress()

    def pending_timers(self) -> int:
        """Give how many deadlines the partitions held wait for."""
        return 0 if self._cycle is None else self._cycle.pending_timers()

    def stop(self) -> None:
        """End after the cycle that runs; returns when no transaction is open and the consumer is closed."""
        self._ending.set()
        self._thread.join()

    def _main(self) -> None:
        try:
            self._run()
        except OperatorError as error:
            refuse(error)
        except BaseException as error:  # noqa: BLE001 - the loop's top: every error is a doubt
            doubt(error)

    def _run(self) -> None:
        settings, layout = self._settings, self._layout
        keys = lease_keys(settings)
        log_ends = LogEnds(settings)
        restorer = self._restorer = Restorer(settings, layout, log_ends, self._watchdog.beat)
        identity = self._may_start(keys, restorer)
        if self._ending.is_set():
            self._watchdog.stop()
            return
        crash = CrashPoints(settings.crash_at)
        transactions = Transactions(settings, layout, crash, _fatal)
        parts, trace = self._parts(keys, log_ends, restorer, transactions, crash)
        self._cycle = cycle = Cycle(parts)
        inputs = Inputs(settings, layout, cycle, _fatal, on_member=identity.note)
        inputs.start()
        while not self._ending.is_set():
            cycle.run_once(inputs)
        self._watchdog.beat()
        inputs.close()
        # All is decided that will be: whoever waits for the name need not wait for the rest.
        identity.release()
        self._close(transactions, trace)

    def _parts(
        self,
        keys: HmacLeaseKeys,
        log_ends: LogEnds,
        restorer: Restorer,
        transactions: Transactions,
        crash: CrashPoints,
    ) -> tuple[Parts, DecisionSpans | None]:
        """Give what the cycle is built from."""
        settings, layout = self._settings, self._layout
        breadcrumb = Breadcrumb(settings.local / "breadcrumbs" / settings.worker_name)
        trace = decision_spans(breadcrumb)
        book = Rulebook(
            rules=self._rules,
            layout=layout,
            keys=keys,
            genesis=PrincipalId(settings.genesis),
            in_hand=breadcrumb if trace is None else trace.hand,
            lease_key=keys.newest,
        )
        keeper = Keeper(
            settings,
            layout,
            self._rules,
            log_ends=log_ends,
            restorer=restorer,
            writer=transactions,
            board=self.board,
            beat=self._watchdog.beat,
        )
        producer = plain_producer(settings, _fatal)
        timers = Timers(layout, producer, log_ends, clock=wall_clock, crash=crash, board=self.board)
        parts = Parts(
            book=book,
            transactions=transactions,
            keeper=keeper,
            timers=timers,
            crash=crash,
            pace=_pace(settings),
            board=self.board,
            breadcrumb=breadcrumb,
            idle_s=settings.idle_ms / 1000,
            beat=self._watchdog.beat,
            trace=trace,
        )
        return parts, trace

    def _may_start(self, keys: HmacLeaseKeys, restorer: Restorer) -> Identity:
        """Give this worker's name once it is held and nothing speaks against a start. Raises OperatorError.

        A successor waits for the name, with everything else looked at before; it may be told to end meanwhile.
        """
        settings, beat = self._settings, self._watchdog.beat
        identity = Identity(settings, beat)
        if not settings.ready_fd:
            identity.claim()
        # Before anything else: a broker that lost the facts must not be called one that lacks topics.
        KnownFacts(settings, self._layout).check()
        Start(settings, self._layout, keys, beat).check()
        if settings.ready_fd:
            Successor(settings, restorer, beat, self._ending).wait()
            if self._ending.is_set():
                return identity
            identity.claim()
        identity.await_others_end()
        return identity

    def _close(self, transactions: Transactions, trace: DecisionSpans | None) -> None:
        transactions.close()
        if trace is not None:
            trace.close()
        self._watchdog.stop()
        log.info("stopped after %s cycles", self.board.document()["cycles"])


def _pace(settings: Settings) -> Pace:
    return Pace(
        settings.cycle_ms, settings.cycle_records_max, settings.gather_ms, settings.share_ms
    )


def _fatal(error: KafkaError) -> None:
    doubt(DoubtError(f"fatal client error: {error}"))
