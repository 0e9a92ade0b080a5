"""The load: workflows of several tenants in flight, each replaced when its end is seen, while things break."""

import json
import math
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from confluent_kafka import KafkaError, Message

from schemas.edge_model import EdgeModel, model_of
from schemas.messages.runtime.facts import CommandRejected
from tests.fault.journal import Journal
from topics.command import Actor, CommandRecord, uuid7
from topics.consumer import EventConsumer
from topics.events import Event
from topics.producer import CommandProducer

ENDED: Final = ("WorkflowInstanceCompleted", "WorkflowInstanceFailed", "WorkflowInstanceCancelled")
POLL_SECONDS: Final = 0.05
REFUSED: Final = "refused"
PAUSE_SECONDS: Final = 0.5
"""How long a tenant pauses after a refusal: its quota does not come back at once."""
CLOCK_SECONDS: Final = 0.001
"""Resolution of a record's timestamp: a fact of the very millisecond of a fault does not count."""
WAITING_SHARE: Final = 10
"""Every tenth workflow is one with a wait, so that timers fire all the time."""
REPEATED_SHARE: Final = 7
"""Every seventh start is sent twice, as by a client that did not hear the first answer (F25)."""
DISORDER_SECONDS: Final = 30
"""How far the facts of a tenant may come out of the order of their instants: a transaction's topics come apart."""
SEND_SECONDS_MAX: Final = 120


@dataclass
class Seen:
    """What the load has seen so far."""

    started: int = 0
    retried: int = 0
    """Escalations that were answered with another try."""
    ends: Counter[str] = field(default_factory=Counter)
    arrivals: dict[str, list[float]] = field(default_factory=dict)
    """Tenant -> instants (seconds of the wall clock) at which its facts were produced by a worker."""
    acknowledged: list[float] = field(default_factory=list)
    """Instants at which the broker has acknowledged commands."""


class Load(threading.Thread):
    """Keeps workflows in flight until ``finish``; then waits for the ends of those that run.

    ``per_second``: starts no more than so many, whatever the concurrency (tenant -> workflows in flight) allows.
    """

    def __init__(
        self,
        bootstrap: str,
        tenants: dict[str, int],
        journal: Journal,
        actor: Actor,
        seen: Seen | None = None,
        *,
        per_second: float = math.inf,
    ) -> None:
        super().__init__(name="load", daemon=True)
        self._tenants = tenants
        self._journal = journal
        self._producer = CommandProducer(
            actor, bootstrap, {"message.timeout.ms": SEND_SECONDS_MAX * 1000, "log_level": 2}
        )
        self._events = EventConsumer(bootstrap=bootstrap).from_now()
        self._open: dict[str, str] = {}
        self._latest: dict[str, str] = {}
        self._commands: dict[str, str] = {}
        self._in_flight: Counter[str] = Counter()
        self._turns = deque(tenants)
        self._not_before: dict[str, float] = dict.fromkeys(tenants, 0.0)
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._finish = threading.Event()
        self._halt = threading.Event()
        self.error: BaseException | None = None
        self.seen = seen or Seen()
        self._per_second = per_second
        self._begun = time.monotonic()
        self._before = self.seen.started

    @property
    def open(self) -> dict[str, str]:
        """Instance -> tenant of those whose end was not seen yet."""
        with self._lock:
            return dict(self._open)

    def last_of(self, instance: str) -> str:
        """Give the type of the last fact that was seen of a workflow that runs."""
        return self._latest.get(instance, "none")

    @property
    def ended(self) -> int:
        """How many workflows have run to an end; a refused start is none."""
        return sum(number for how, number in self.seen.ends.items() if not how.startswith(REFUSED))

    def finish(self) -> None:
        """Start no more workflows."""
        self._finish.set()

    def halt(self) -> None:
        """Stop looking."""
        self._halt.set()
        self.join(timeout=30)
        self._producer.close()
        self._events.close()

    def run(self) -> None:
        """Start and watch."""
        try:
            while not self._halt.is_set():
                if not self._finish.is_set():
                    self._fill()
                for event in self._events.poll(POLL_SECONDS):
                    self._take(event)
                self._producer.poll(0)
        except BaseException as error:  # noqa: BLE001 - shown by the program's own thread
            self.error = error

    def _fill(self) -> None:
        turns = len(self._turns)
        while turns and self._is_in_pace():
            # In turn, whatever each had so far: one that an outage kept back must not get all of a pace afterwards.
            tenant = self._turns[0]
            self._turns.rotate(-1)
            if self._has_place(tenant):
                self._start(tenant)
                turns = len(self._turns)
            else:
                turns -= 1

    def _has_place(self, tenant: str) -> bool:
        if self._in_flight[tenant] >= self._tenants[tenant]:
            return False
        return time.monotonic() >= self._not_before[tenant]

    def _is_in_pace(self) -> bool:
        seconds = time.monotonic() - self._begun
        return self.seen.started - self._before <= self._per_second * seconds

    def _start(self, tenant: str) -> None:
        number = next(self._numbers)
        instance = f"wf-{uuid7()}"
        started = {
            "workflowInstanceId": instance,
            "definitionOwner": "system",
            "definitionName": "wait-and-add" if number % WAITING_SHARE == 0 else "add-five",
            "definitionVersion": "",
            "input": json.dumps({"value": number}),
            "priority": 3,
        }
        record = self._send(model_of("StartWorkflow").model_validate(started), tenant, instance)
        if number % REPEATED_SHARE == 0:
            self._producer.produce(record, self._answered)
        self._in_flight[tenant] += 1
        self.seen.started += 1

    def _send(self, command: EdgeModel, tenant: str, instance: str) -> CommandRecord:
        record = self._producer.prepare(command, tenant)
        self._journal.sent(record)
        with self._lock:
            self._open[instance] = tenant
        self._commands[record.command_id] = instance
        self._producer.produce(record, self._answered)
        return record

    def _answered(self, record: CommandRecord, error: KafkaError | None, _message: Message) -> None:
        self._journal.answered(record, acknowledged=error is None)
        if error is None:
            self.seen.acknowledged.append(time.time())
        else:
            # It may lie in the log or not: the workflow is waited for no longer, the journal's check knows.
            self._end(self._commands[record.command_id], "of unknown fate")

    def _take(self, event: Event) -> None:
        envelope = event.envelope
        self.seen.arrivals.setdefault(envelope.tenant_id, []).append(event.appended_at / 1e6)
        if isinstance(event.payload, CommandRejected):
            refused = self._commands.get(event.payload.command_id)
            if refused is not None and event.payload.command_type == "StartWorkflow":
                tenant = envelope.tenant_id
                self._not_before[tenant] = time.monotonic() + PAUSE_SECONDS
                self._end(refused, f"{REFUSED} {event.payload.code}")
            return
        instance = envelope.workflow_instance_id or ""
        if instance in self._open:
            self._latest[instance] = envelope.event_type
        if envelope.event_type in ENDED:
            self._end(instance, envelope.event_type)
        elif envelope.event_type == "WorkflowInstanceEscalated" and instance in self._open:
            retry = {
                "workflowInstanceId": instance,
                "stepPath": event.payload.step_path,  # type: ignore[attr-defined]
                "reason": "the fault is over",
            }
            command = model_of("RetryWorkflowStep").model_validate(retry)
            self._send(command, envelope.tenant_id, instance)
            self.seen.retried += 1

    def _end(self, instance: str, how: str) -> None:
        with self._lock:
            tenant = self._open.pop(instance, None)
            self._latest.pop(instance, None)
        if tenant is not None:
            self._in_flight[tenant] -= 1
            self.seen.ends[how] += 1

    def outage(self, since: float) -> float | None:
        """Give seconds from an instant until every tenant has a fact made after it; None while one has none.

        By the time at which the fact was produced: one that was made before the instant and seen after it is no sign
        of life.
        """
        firsts = []
        for tenant in self._tenants:
            later = list(self.since(tenant, since + CLOCK_SECONDS))
            if not later:
                return None
            firsts.append(min(later) - since)
        return max(firsts)

    def since(self, tenant: str, instant: float) -> Iterator[float]:
        """Give the instants after that one at which facts of a tenant were made, newest first."""
        for at in reversed(self.seen.arrivals.get(tenant, [])):
            if at > instant:
                yield at
            elif at < instant - DISORDER_SECONDS:
                return
