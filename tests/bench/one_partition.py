"""One partition of the real rules in one process, without Kafka: encoded records in, encoded records out."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from msgspec import Struct

from schemas.codec import decode_envelope, decode_payload
from schemas.edge_model import EdgeModel, model_of
from schemas.ids import SYSTEM, ExecutionId, PrincipalId, TaskId, TenantId
from schemas.messages.envelope import Envelope
from schemas.messages.workflow import commands as reports
from schemas.messages.workflow.messages import AgentTaskAssignment
from streams.decide import decide_records
from streams.keys import HmacLeaseKeys
from streams.layout import Layout
from streams.partition import Partition
from streams.records import InputRecord, OutputRecord
from streams.run.seeds import AGENT_MESH, PLATFORM_ADMIN, seeds
from streams.run.tenants import tenant_seeds
from streams.wiring import Key, Store, standard_rules
from streams.work import Rulebook
from topics import naming
from topics.command import Actor, Intent, command_record, uuid7

if TYPE_CHECKING:
    import cProfile

TENANT: Final = "bench"
OWNER: Final = Actor("user", "user:owner")
ADMIN: Final = Actor("user", PLATFORM_ADMIN)
MESH: Final = Actor("service", AGENT_MESH)
DEFINITION: Final = "add-five"
DAY_US: Final = 86_400_000_000
Assigned = tuple[Envelope, AgentTaskAssignment]
Record = TypeVar("Record", bound=Struct)


class InHand:
    """No record has ever ended the process."""

    def attempts(self, _record: InputRecord) -> int:
        """Give none."""
        return 0

    def take(self, record: InputRecord) -> None:
        """Note nothing."""


class World:
    """One partition that holds ``system`` and the tenant, and the agent that answers its tasks."""

    def __init__(self) -> None:
        self._layout = Layout(partitions=1)
        self._book = Rulebook(
            rules=standard_rules(),
            layout=self._layout,
            keys=HmacLeaseKeys({"bench": b"secret"}),
            genesis=PrincipalId(PLATFORM_ADMIN),
            in_hand=InHand(),
        )
        positions = dict.fromkeys(self._layout.inputs, 0)
        self._partition = Partition(
            0, Store(), positions, self._book.rules, horizon_us=DAY_US, complete_from=0
        )
        self._ends: Counter[str] = Counter()
        self.cpu_s = 0.0
        self.commands = 0
        self.outputs: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()
        self.completed = 0
        self.profile: cProfile.Profile | None = None

    def record(
        self, command: Struct | EdgeModel, tenant: str, actor: Actor, **more: Any
    ) -> InputRecord:
        """Give the record of a command, at the next offset of its input topic."""
        made = command_record(command, tenant_id=tenant, actor=actor, **more)
        offset = self._ends[made.topic]
        self._ends[made.topic] += 1
        now = time.time_ns() // 1000
        return InputRecord(made.topic, 0, offset, made.key, made.value, made.headers, now)

    def decide(self, records: list[InputRecord]) -> list[Assigned]:
        """Decide records as one cycle, expose the state, give the assignments that went out."""
        begun = time.thread_time()
        if self.profile is not None:
            self.profile.enable()
        work = decide_records(self._partition, records, self._book)
        self._partition.expose(work.changes, work.positions, work.memory)
        if self.profile is not None:
            self.profile.disable()
        self.cpu_s += time.thread_time() - begun
        self.commands += len(records)
        return list(self._count(work.outputs))

    def _count(self, outputs: list[OutputRecord]) -> Iterator[Assigned]:
        for output in outputs:
            kind = _kind(output.topic)
            self.outputs[kind] += 1
            self.bytes[kind] += len(output.key or b"") + len(output.value or b"")
            if output.topic in {naming.STATE, naming.CATALOGUE}:
                continue
            envelope = decode_envelope(output.value)
            if envelope.event_type == "WorkflowInstanceCompleted":
                self.completed += 1
            if envelope.kind == "rejection":
                raise SystemExit(
                    f"refused: {decode_payload(envelope.payload_schema_id, envelope.payload)}"
                )
            if output.topic == naming.AGENT_MESH_TASKS:
                payload = decode_payload(envelope.payload_schema_id, envelope.payload)
                if isinstance(payload, AgentTaskAssignment):
                    yield envelope, payload

    def state(self, kind: type[Record], tenant: str, record_id: str) -> Record:
        """Give a committed state record."""
        entry = self._partition.store.entries[Key(TenantId(tenant), kind.__name__, record_id)]
        return cast("Record", entry.value)

    def reset(self) -> None:
        """Begin to count anew."""
        self.cpu_s, self.commands, self.completed = 0.0, 0, 0
        self.outputs.clear()
        self.bytes.clear()

    def ask(self, kind: str, tenant: str, actor: Actor, **fields: Any) -> None:
        """Decide one command alone."""
        self.decide([self.record(model_of(kind).model_validate(fields), tenant, actor)])

    def prepare(self) -> None:
        """Publish the seeds and make the tenant ready."""
        for seed in seeds():
            self.decide([self.record(seed.command, SYSTEM, ADMIN)])
        for seed in tenant_seeds(TENANT, OWNER.id, "enterprise", name="Bench"):
            self.decide([self.record(seed.command, TENANT, ADMIN)])
        self.ask("SizeAgentPool", TENANT, OWNER, agentRole="Adder", capacity=1000)

    def start(self, number: int) -> InputRecord:
        """Give the start of a workflow."""
        fields = {
            "workflowInstanceId": f"wf-{uuid7()}",
            "definitionOwner": "system",
            "definitionName": DEFINITION,
            "definitionVersion": "",
            "input": json.dumps({"value": number}),
            "priority": 3,
        }
        return self.record(model_of("StartWorkflow").model_validate(fields), TENANT, OWNER)

    def result(self, envelope: Envelope, task: AgentTaskAssignment) -> InputRecord:
        """Give the result of a task as the reference agent gives it."""
        now = time.time_ns() // 1000
        report = reports.CompleteAgentTask(
            task_id=TaskId(task.task_id),
            execution_id=ExecutionId(f"exec-{uuid7()}"),
            agent_id="ConnectSoft.Agent.Adder",
            agent_version="1.0.0",
            attempt=task.attempt,
            lease_token=task.lease_token,
            output=json.dumps(
                {"value": json.loads(task.inputs)["value"] + 1}, separators=(",", ":")
            ),
            validation=reports.ValidationReport(passed=True),
            started_at=now,
            completed_at=now,
        )
        intent = Intent(envelope.trace_id, envelope.correlation_id, envelope.event_id)
        return self.record(
            report, TENANT, MESH, intent=intent, workflow_instance_id=envelope.workflow_instance_id
        )


def _kind(topic: str) -> str:
    if topic == naming.STATE:
        return "state"
    return "messages" if topic == naming.AGENT_MESH_TASKS else "facts"
