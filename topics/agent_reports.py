"""What an agent worker says of its tasks: claim, heartbeat, progress, result, failure."""

import json
import time
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from confluent_kafka import KafkaError, Message
from msgspec import Struct

from schemas.ids import ExecutionId, TaskId
from schemas.messages.envelope import Envelope
from schemas.messages.workflow import commands as reports
from topics.agent_task import AgentTask, TaskFailedError, TaskResult
from topics.command import Actor, CommandRecord, Intent
from topics.offsets import Place
from topics.producer import CommandProducer

HEARTBEATS_PER_LEASE: Final = 3
SERVICE: Final = "factory-agent"
"""Name of an agent's process in traces."""


class Running:
    """A task in hand."""

    def __init__(self, task: AgentTask, envelope: Envelope, place: Place, began: float) -> None:
        self.task = task
        self.envelope = envelope
        self.place = place
        self.began = began
        self.began_at = time.time_ns() // 1000
        self.claimed = False
        self.last_beat = began
        self.beat_seconds = task.assignment.lease_micros / 1e6 / HEARTBEATS_PER_LEASE
        self.outcome = "withdrawn"
        """How it ended, for the task's span."""


Answered: TypeAlias = Callable[[Running], None]
"""Called once the broker has a task's answer."""


class Reporter:
    """Sends an agent's reports through one idempotent producer."""

    def __init__(
        self, bootstrap: str, agent_id: str, agent_version: str, actor: str, claim_after: float
    ) -> None:
        self._producer = CommandProducer(Actor("service", actor), bootstrap, service=SERVICE)
        self._agent_id = agent_id
        self._agent_version = agent_version
        self._claim_after = claim_after

    def beat(self, running: Running) -> None:
        """Claim a task that takes longer, keep its lease, pass on its progress."""
        now = time.monotonic()
        if not running.claimed and now - running.began >= self._claim_after:
            running.claimed = True
            self._send(running, reports.ClaimAgentTask(**self._versioned(running)))
        if now - running.last_beat < running.beat_seconds:
            return
        running.last_beat = now
        self._send(running, reports.HeartbeatAgentTask(**self._identity(running)))
        progress, running.task.progress = running.task.progress, None
        if progress is not None:
            phase, percent, message = progress
            self._send(
                running,
                reports.ReportAgentProgress(
                    **self._identity(running), phase=phase, percent=percent, message=message
                ),
            )

    def complete(self, running: Running, result: TaskResult, answered: Answered) -> None:
        """Send the result; ``answered`` is called when the broker has it."""
        running.outcome = "completed"
        self._send(
            running,
            reports.CompleteAgentTask(
                **self._versioned(running),
                output=json.dumps(result.output, separators=(",", ":"), ensure_ascii=False),
                model_invocations=_invocations(result),
                output_artifacts=tuple(
                    reports.OutputArtifact(
                        name=a.name,
                        artifact_type=a.artifact_type,
                        version=a.version,
                        content_hash=a.content_hash,
                        storage_ref=a.storage_ref,
                        classification=a.classification,
                    )
                    for a in result.artifacts
                ),
                input_artifact_ids=_input_artifact_ids(running.task, result),
                validation=reports.ValidationReport(
                    passed=not result.findings, findings=tuple(result.findings)
                ),
                started_at=running.began_at,
                completed_at=time.time_ns() // 1000,
            ),
            answered,
        )

    def fail(self, running: Running, failure: TaskFailedError, answered: Answered) -> None:
        """Send the failure; ``answered`` is called when the broker has it."""
        after = failure.retry_after_seconds
        running.outcome = failure.failure_class
        self._send(
            running,
            reports.FailAgentTask(
                **self._versioned(running),
                failure_class=failure.failure_class,
                message=str(failure)[:2000],
                retry_after_micros=None if after is None else int(after * 1e6),
                model_invocations=(),
            ),
            answered,
        )

    def _identity(self, running: Running) -> dict[str, Any]:
        assignment = running.task.assignment
        return {
            "task_id": TaskId(assignment.task_id),
            "execution_id": ExecutionId(running.task.execution_id),
            "agent_id": self._agent_id,
            "attempt": assignment.attempt,
            "lease_token": assignment.lease_token,
        }

    def _versioned(self, running: Running) -> dict[str, Any]:
        return {**self._identity(running), "agent_version": self._agent_version}

    def serve(self) -> None:
        """Serve delivery callbacks."""
        self._producer.poll(0)

    def _send(self, running: Running, report: Struct, answered: Answered | None = None) -> None:
        envelope = running.envelope
        record = self._producer.prepare(
            report,
            envelope.tenant_id,
            intent=Intent(
                envelope.trace_id,
                envelope.correlation_id,
                envelope.event_id,
                parent_span_id=running.task.context.span_id,
            ),
            workflow_instance_id=envelope.workflow_instance_id,
            project_id=envelope.project_id,
        )

        def delivered(_record: CommandRecord, error: KafkaError | None, _message: Message) -> None:
            # An answer that the broker did not take stays open: its assignment is read again after a restart.
            if error is None and answered is not None:
                answered(running)

        self._producer.produce(record, delivered)
        self._producer.poll(0)

    def close(self) -> None:
        """Wait until every report was taken by the broker."""
        self._producer.close()


def _input_artifact_ids(task: AgentTask, result: TaskResult) -> tuple[str, ...]:
    """Give the ids that the handler names, or else all that it was given, each once."""
    named = result.input_artifact_ids
    if named is None:
        named = [artifact.artifact_id for artifact in task.input_artifacts]
    return tuple(dict.fromkeys(named))


def _invocations(result: TaskResult) -> tuple[reports.ModelInvocation, ...]:
    return tuple(
        reports.ModelInvocation(
            invocation_id=i.invocation_id,
            provider=i.provider,
            model=i.model,
            input_tokens=i.input_tokens,
            output_tokens=i.output_tokens,
        )
        for i in result.invocations
    )
