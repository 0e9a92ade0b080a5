"""Serve skills: take assignments, work under a lease, answer with results.

    worker = AgentWorker("ConnectSoft.Agent.Engineer", "1.0.0")

    @worker.skill("ConnectSoft.Skill.GenerateCode")
    def generate(task: AgentTask) -> TaskResult: ...

    worker.run()

Agents that serve the same set of skills form one consumer group, so each assignment reaches one (settled.md 20).
An agent starts without waiting for an answer to its claim, and a result without a claim counts as one: work that ends
within ``claim_after_seconds`` costs one message. A lost race ends as a stale result, which changes nothing.
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeAlias

from confluent_kafka import Consumer, KafkaException, Message

from schemas.codec import decode_envelope, decode_payload
from schemas.errors import PayloadInvalidError, PoisonError
from schemas.messages.envelope import Envelope
from schemas.messages.workflow.messages import AgentTaskAssignment, AgentTaskWithdrawal
from topics.agent_reports import SERVICE, Reporter, Running
from topics.agent_span import task_span
from topics.agent_task import AgentTask, Json, TaskFailedError, TaskResult, TaskWithdrawnError
from topics.model import Party
from topics.naming import AGENT_MESH_TASKS, client_prefix
from topics.offsets import DoneOffsets
from topics.polling import batch
from topics.settings import bootstrap_servers, client_options
from topics.spans import entered, spans

Handler: TypeAlias = Callable[[AgentTask], TaskResult | Json]

POLL_SECONDS: Final = 0.2
PAUSE_AFTER_SECONDS: Final = 1.0
"""How long a full worker does not poll before it pauses; far below ``max.poll.interval.ms``."""
ROOM_POLL_SECONDS: Final = 0.05
STOP_SECONDS_MAX: Final = 20
"""How long a graceful stop waits for the tasks in hand; what is left then is re-assigned when its lease ends."""


class AgentWorker:
    """One agent in one process. ``actor`` is the service principal that holds the role AgentMesh.

    ``concurrency``: most tasks worked on at once; no more is fetched than can be worked on.
    """

    def __init__(
        self,
        agent_id: str,
        agent_version: str,
        *,
        actor: str = "service:agent-mesh",
        bootstrap: str | None = None,
        concurrency: int = 8,
        claim_after_seconds: float = 0.5,
        group: str | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        self._handlers: dict[str, Handler] = {}
        self._bootstrap = bootstrap or bootstrap_servers()
        self._group = group
        self._concurrency = concurrency
        self._options = options or {}
        self._stop = threading.Event()
        self._running: dict[str, Running] = {}
        self._ended = threading.Event()
        self._done = DoneOffsets()
        self._spans = spans(SERVICE)
        self.reports = Reporter(
            self._bootstrap, agent_id, agent_version, actor, claim_after_seconds
        )
        self.finished = 0
        """Tasks answered so far, failures included."""

    def skill(self, name: str) -> Callable[[Handler], Handler]:
        """Register a handler for a skill: ``@worker.skill("ConnectSoft.Skill.X")``."""

        def register(handler: Handler) -> Handler:
            self._handlers[name] = handler
            return handler

        return register

    def stop(self) -> None:
        """Take no more assignments; ``run`` returns when the tasks in hand are answered. Safe in a signal handler."""
        self._stop.set()
        self._ended.set()

    def run(self) -> None:
        """Serve until ``stop``. Blocks; raises KafkaException if the broker refuses the client."""
        consumer = Consumer(self._consumer_options())
        consumer.subscribe([AGENT_MESH_TASKS])
        beat = threading.Thread(target=self._beat, name="heartbeats", daemon=True)
        beat.start()
        try:
            with ThreadPoolExecutor(self._concurrency, thread_name_prefix="task") as pool:
                while not self._stop.is_set():
                    self._fetch(consumer, pool)
                self._drain(consumer)
        finally:
            self._stop.set()
            beat.join(timeout=2)
            self.reports.close()
            self._store(consumer)
            consumer.close()

    def _consumer_options(self) -> dict[str, Any]:
        skills = "\n".join(sorted(self._handlers)).encode()
        own = f"{client_prefix(Party.AGENT_MESH)}-{hashlib.sha256(skills).hexdigest()[:12]}"
        return {
            **client_options(self._bootstrap),
            "group.id": self._group or own,
            "isolation.level": "read_committed",
            # Offsets are stored when a task is answered: what an agent leaves unanswered is read again.
            "enable.auto.offset.store": False,
            "auto.commit.interval.ms": 1000,
            "auto.offset.reset": "earliest",
            "session.timeout.ms": 6000,
            # Also how long a rebalance waits for members that are gone: after a broker's restart the default of 5 min
            # kept every agent from its tasks. Handlers run in threads, so the poll is never late.
            "max.poll.interval.ms": 10_000,
            "fetch.wait.max.ms": 100,
            **self._options,
        }

    def _fetch(self, consumer: Consumer, pool: ThreadPoolExecutor) -> None:
        free = self._concurrency - len(self._running)
        if free <= 0:
            self._wait_for_room(consumer)
            return
        for message in batch(consumer, free, POLL_SECONDS):
            error = message.error()
            if error is not None:
                if error.fatal():
                    raise KafkaException(error)
                continue
            self._take(message, pool)
        self._store(consumer)

    def _wait_for_room(self, consumer: Consumer) -> None:
        """Wait until a task ends; if that takes long, stay in the group without fetching.

        A paused consumer keeps its partitions and returns nothing, but it throws away what it had fetched, and a
        resumed one waits for its last fetch to end: 100 ms and more, which short tasks must not pay each time.
        """
        if self._has_room_within(PAUSE_AFTER_SECONDS):
            return
        consumer.pause(consumer.assignment())
        while not self._has_room_within(ROOM_POLL_SECONDS):
            consumer.poll(0)
            # A poll may bring other partitions, which are not paused and would return what nobody takes.
            consumer.pause(consumer.assignment())
            self._store(consumer)
        consumer.resume(consumer.assignment())

    def _has_room_within(self, seconds: float) -> bool:
        """Tell whether another task may begin, or the worker stops; wait for it so long."""
        end = time.monotonic() + seconds
        while len(self._running) >= self._concurrency and not self._stop.is_set():
            self._ended.clear()
            if len(self._running) < self._concurrency:
                break
            if not self._ended.wait(max(0.0, end - time.monotonic())):
                return False
        return True

    def _take(self, message: Message, pool: ThreadPoolExecutor) -> None:
        place = (message.topic() or "", message.partition() or 0, message.offset() or 0)
        self._done.begin(place)
        try:
            envelope = decode_envelope(message.value())
            payload = decode_payload(envelope.payload_schema_id, envelope.payload)
        except (PoisonError, PayloadInvalidError):
            self._done.end(
                place
            )  # not ours to judge: the verifier names a record that cannot be read
            return
        if isinstance(payload, AgentTaskWithdrawal):
            running = self._running.get(payload.task_id)
            if running is not None:
                running.task.withdrawn.set()
        if not isinstance(payload, AgentTaskAssignment) or not self._is_for_us(payload):
            self._done.end(place)
            return
        running = Running(AgentTask(payload), envelope, place, time.monotonic())
        self._running[payload.task_id] = running
        pool.submit(self._work, running)

    def _is_for_us(self, assignment: AgentTaskAssignment) -> bool:
        """Tell whether a skill of ours is asked for and the lease still runs: one that ended is assigned anew."""
        served = assignment.requested_skill in self._handlers
        return served and assignment.lease_expires_at > time.time_ns() // 1000

    def _work(self, running: Running) -> None:
        task = running.task
        try:
            with entered(task.context):
                answer = self._handlers[task.skill](task)
            result = answer if isinstance(answer, TaskResult) else TaskResult(output=answer)
            json.dumps(result.output)
            self.reports.complete(running, result, self._answered)
        except TaskWithdrawnError:
            self._answered(running)
        except TaskFailedError as failure:
            self.reports.fail(running, failure, self._answered)
        except Exception as error:  # noqa: BLE001 - a handler's defect is the task's failure, not the worker's
            defect = TaskFailedError(f"{type(error).__name__}: {error}", "agent")
            self.reports.fail(running, defect, self._answered)
        finally:
            self._running.pop(task.assignment.task_id, None)
            self._ended.set()
            self.finished += 1
            if self._spans is not None:
                self._spans.emit(task_span(running))

    def _answered(self, running: Running) -> None:
        """Let the assignment's offset go: its answer is in the log, or none is wanted any more."""
        self._done.end(running.place)

    def _beat(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            self.reports.serve()
            for running in tuple(self._running.values()):
                self.reports.beat(running)

    def _store(self, consumer: Consumer) -> None:
        offsets = self._done.take()
        if offsets:
            try:
                consumer.store_offsets(offsets=offsets)
            except KafkaException:
                # The partition went to another agent, which reads the unanswered rest again.
                return

    def _drain(self, consumer: Consumer) -> None:
        end = time.monotonic() + STOP_SECONDS_MAX
        while self._running and time.monotonic() < end:
            assigned = consumer.assignment()
            consumer.pause(assigned)
            consumer.poll(0.05)


__all__ = ["AgentTask", "AgentWorker", "Envelope", "TaskFailedError", "TaskResult"]
