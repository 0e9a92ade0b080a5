"""Send commands: a typed command in, its id out; on request its outcome, the facts or the refusal.

The producer is idempotent, so what it acknowledges lies in the log exactly once. A send whose acknowledgement was lost
is repeated with the same command id: the control plane decides an id once (settled.md 3).
"""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from msgspec import Struct

from schemas.edge_model import EdgeModel
from schemas.output import OperatorError
from topics.command import Actor, CommandRecord, Intent, command_record
from topics.outcome import Outcome, OutcomeReader
from topics.settings import bootstrap_servers, producer_options
from topics.spans import Span, Spans, scope, spans
from topics.trace_context import TraceContext, own_span

DELIVERY_SECONDS_MAX: Final = 30
"""How long a send is tried before it counts as failed; longer than a broker's restart."""

Delivered = Callable[[CommandRecord, KafkaError | None, Message], None]


class SendError(OperatorError):
    """The broker did not take the command within the deadline; it is not known to be in the log."""


class CommandProducer:
    """Sends commands of one actor. Safe for use by several threads; close it, or use it as a context manager.

    ``bootstrap`` None: KAFKA_BOOTSTRAP, else the local broker. ``options`` go on top of the client's own.
    ``service`` names this process in traces.
    """

    def __init__(
        self,
        actor: Actor,
        bootstrap: str | None = None,
        options: dict[str, Any] | None = None,
        service: str = "factory-client",
    ) -> None:
        self.actor = actor
        self._spans = spans(service)
        self._bootstrap = bootstrap or bootstrap_servers()
        self._producer = Producer(
            {
                **producer_options(self._bootstrap),
                "enable.idempotence": True,
                "linger.ms": 0,
                "message.timeout.ms": DELIVERY_SECONDS_MAX * 1000,
                **(options or {}),
            }
        )
        self._outcomes: OutcomeReader | None = None

    def prepare(
        self, command: Struct | EdgeModel, tenant_id: str, **envelope: Any
    ) -> CommandRecord:
        """Give the record without sending it, so that its id can be written down first.

        ``envelope``: the keyword arguments of ``topics.command.command_record``. Raises CommandInvalidError.
        """
        return command_record(command, tenant_id=tenant_id, actor=self.actor, **envelope)

    def produce(self, record: CommandRecord, delivered: Delivered | None = None) -> None:
        """Hand a record to the client's queue; ``delivered`` is called from ``poll`` with the broker's answer."""
        if self._spans is not None:
            delivered = _spanned(self._spans, delivered, time.time_ns())
        self._producer.produce(
            record.topic,
            key=record.key,
            value=record.value,
            partition=record.partition,
            headers=record.headers,
            on_delivery=(lambda e, m: delivered(record, e, m)) if delivered else None,
        )

    def poll(self, seconds: float = 0) -> None:
        """Serve delivery callbacks for at most ``seconds``."""
        self._producer.poll(seconds)

    def send(
        self,
        command: Struct | EdgeModel,
        tenant_id: str,
        *,
        intent: Intent | None = None,
        **envelope: Any,
    ) -> str:
        """Send a command, wait until the broker has it, give its id. Raises CommandInvalidError, SendError."""
        record = self.prepare(command, tenant_id, intent=intent, **envelope)
        self.deliver(record)
        return record.command_id

    def deliver(self, record: CommandRecord) -> None:
        """Produce a record and wait until the broker has it. Raises SendError."""
        failures: list[KafkaError] = []
        self.produce(
            record, lambda _record, error, _message: failures.append(error) if error else None
        )
        try:
            left = self._producer.flush(DELIVERY_SECONDS_MAX + 1)
        except KafkaException as error:
            raise SendError(f"The broker at {self._bootstrap} failed: {error}.") from error
        if failures or left:
            reason = failures[0].str() if failures else "no answer"
            raise SendError(
                f"{record.command_type} was not taken by the broker at {self._bootstrap}: {reason}."
            )

    def ask(
        self,
        command: Struct | EdgeModel,
        tenant_id: str,
        *,
        seconds: float = 30,
        **envelope: Any,
    ) -> Outcome:
        """Send a command and wait for its outcome. Raises as ``send`` does, and OutcomeTimeoutError."""
        if self._outcomes is None:
            self._outcomes = OutcomeReader(self._bootstrap)
        record = self.prepare(command, tenant_id, **envelope)
        self._outcomes.expect(record)
        self.deliver(record)
        return self._outcomes.wait(record, seconds)

    def close(self) -> None:
        """Wait until everything handed over was answered, then let go of the connections."""
        self._producer.flush(DELIVERY_SECONDS_MAX)
        if self._outcomes is not None:
            self._outcomes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _spanned(spans: Spans, delivered: Delivered | None, begin_ns: int) -> Delivered:
    """Give what is called with the broker's answer where tracing is on: the command's span ends with it."""

    def answered(record: CommandRecord, error: KafkaError | None, message: Message) -> None:
        parent = record.parent_span_id
        trace_id = record.envelope.trace_id
        spans.emit(
            Span(
                name=f"send {record.command_type}",
                context=TraceContext(trace_id, own_span(record.command_id)),
                parent=TraceContext(trace_id, parent) if parent else None,
                kind="PRODUCER",
                begin_ns=begin_ns,
                end_ns=time.time_ns(),
                attributes={
                    **scope(record.envelope),
                    "messaging.system": "kafka",
                    "messaging.operation.type": "send",
                    "messaging.destination.name": record.topic,
                    "messaging.destination.partition.id": str(record.partition),
                },
                failed=error.name() if error is not None else "",
            )
        )
        if delivered is not None:
            delivered(record, error, message)

    return answered
