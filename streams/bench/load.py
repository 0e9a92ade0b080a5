"""The closed loop: C workflows in flight, each replaced when its end is seen in the committed facts."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import KafkaError, Message

from schemas.messages.workflow.commands import StartWorkflow
from schemas.output import OperatorError
from topics.command import Actor, CommandRecord, uuid7
from topics.consumer import EventConsumer
from topics.producer import CommandProducer

STALL_SECONDS_MAX: Final = 60
ENDED: Final = frozenset(
    {"WorkflowInstanceCompleted", "WorkflowInstanceFailed", "WorkflowInstanceCancelled"}
)


@dataclass
class Tally:
    """What the loop saw; latencies in milliseconds from before the send to the committed end."""

    completed: int = 0
    failed: int = 0
    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Give the latency below which a share of the workflows ended."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Load:
    """Runs workflows of one definition over some tenants, round robin."""

    def __init__(
        self, bootstrap: str, tenants: Sequence[str], definition: str, actor: Actor
    ) -> None:
        self._bootstrap = bootstrap
        self._tenants = tenants
        self._definition = definition
        self._producer = CommandProducer(actor, bootstrap)
        self._events = EventConsumer(bootstrap=bootstrap, contexts=("workflow",))
        self._started: dict[str, float] = {}
        self._number = 0
        self.tally = Tally()

    def run(
        self, *, concurrency: int, count: int, seconds: float, each: Callable[[Tally], None]
    ) -> Tally:
        """Run until ``count`` workflows ended and ``seconds`` passed; ``each`` is told of progress.

        Raises OperatorError when nothing ends any more.
        """
        self._events.from_now()
        begin = last = time.monotonic()
        first = self._number
        while True:
            elapsed = time.monotonic() - begin
            more = self._number - first < count or elapsed < seconds
            while more and len(self._started) < concurrency:
                self._start()
            if not more and not self._started:
                break
            if self._take():
                last = time.monotonic()
                each(self.tally)
            elif time.monotonic() - last > STALL_SECONDS_MAX:
                raise OperatorError(
                    f"No workflow ended for {STALL_SECONDS_MAX} s: are workers and agents running?"
                )
        self.tally.seconds = time.monotonic() - begin
        return self.tally

    def _start(self) -> None:
        tenant = self._tenants[self._number % len(self._tenants)]
        instance = f"wf-{uuid7()}"
        command = StartWorkflow(
            workflow_instance_id=instance,  # type: ignore[arg-type]
            definition_owner="system",
            definition_name=self._definition,
            definition_version="",
            input=json.dumps({"value": self._number}),
            priority=3,
        )
        self._number += 1
        record = self._producer.prepare(command, tenant)
        self._started[instance] = time.monotonic()
        self._producer.produce(record, self._delivered)
        self._producer.poll(0)

    def _delivered(
        self, record: CommandRecord, error: KafkaError | None, _message: Message
    ) -> None:
        if error is not None:
            raise OperatorError(
                f"{record.command_type} was not taken by the broker: {error.str()}."
            )

    def _take(self) -> bool:
        seen = False
        for event in self._events.poll(0.05):
            instance = event.envelope.workflow_instance_id or ""
            if event.envelope.event_type in ENDED and instance in self._started:
                took = time.monotonic() - self._started.pop(instance)
                self.tally.latencies_ms.append(took * 1000)
                if event.envelope.event_type == "WorkflowInstanceCompleted":
                    self.tally.completed += 1
                else:
                    self.tally.failed += 1
                seen = True
        return seen

    def close(self) -> None:
        """Let go of the broker."""
        self._producer.close()
        self._events.close()
