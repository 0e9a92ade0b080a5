"""Simulated agents: they claim, heartbeat, answer late, twice, wrongly or never, over a wire that loses and repeats."""

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random
from typing import Any

from msgspec import Struct

from schemas.codec import decode_envelope, decode_payload
from schemas.messages.workflow.messages import AgentTaskAssignment
from tests.simulation.log import Log
from tests.unit.workflow.world import (
    OTHER_EXECUTION,
    call,
    claim,
    complete,
    failing,
    heartbeat,
    progress,
)
from topics import naming

SECOND_US = 1_000_000
Say = Callable[[str, Struct], None]
Plan = list[tuple[float, Struct]]
"""What an agent says of an assignment: (seconds after it, message)."""


class Agents:
    """All agents of the factory. ``say`` sends a message in the name of a tenant."""

    def __init__(self, log: Log, random: Random, say: Say) -> None:
        self._log = log
        self._random = random
        self._say = say
        self._read = {n: log.end(naming.AGENT_MESH_TASKS, n) for n in range(log.layout.partitions)}
        self._plans: list[tuple[int, int, str, Struct]] = []
        self._number = 0
        self.is_willing = False
        """Whether every agent does its work at once from now on."""

    def act(self) -> None:
        """Take in what was assigned, and say what is due."""
        for number, offset in self._read.items():
            for record in self._log.read(naming.AGENT_MESH_TASKS, number, offset):
                self._read[number] = record.offset + 1
                envelope = decode_envelope(record.value)
                message = decode_payload(envelope.payload_schema_id, envelope.payload)
                if isinstance(message, AgentTaskAssignment):
                    self._take(envelope.tenant_id, message)
        while self._plans and (self.is_willing or self._plans[0][0] <= self._log.now):
            _, _, tenant, message = heappop(self._plans)
            self._say(tenant, message)

    def is_idle(self) -> bool:
        """Tell whether nothing is left to be read or said."""
        ends = (self._log.end(naming.AGENT_MESH_TASKS, n) <= at for n, at in self._read.items())
        return not self._plans and all(ends)

    def _take(self, tenant: str, message: AgentTaskAssignment) -> None:
        plan = self._well(message) if self.is_willing else self._any(message)
        for seconds, answer in plan:
            self._number += 1
            at = self._log.now + int(seconds * 1000) * 1000
            heappush(self._plans, (at, self._number, tenant, answer))

    def _well(self, message: AgentTaskAssignment) -> Plan:
        return [(0, claim(message)), (0.5, complete(message, **self._used()))]

    def _used(self) -> dict[str, Any]:
        return {"model_invocations": (call(self._random.randint(0, 999)),)}

    def _any(self, message: AgentTaskAssignment) -> Plan:
        """Draw what an agent does with a task: half of them do it well."""
        lease_s = max(1.0, (message.lease_expires_at - self._log.now) / SECOND_US)
        slow = self._random.uniform(0.5, 1.5) * lease_s
        well, used = self._well(message), self._used()
        beats = [(lease_s * n / 2, heartbeat(message)) for n in range(1, 4)]
        rival = complete(message, execution_id=OTHER_EXECUTION, **used)
        forged = claim(message, lease_token="k1.forged")  # noqa: S106 - must not pass
        return self._random.choice(
            [
                *[well] * 6,
                [(0.2, complete(message, **used))],
                [(0, claim(message)), *beats, (lease_s * 2, complete(message, **used))],
                [(0, claim(message)), (slow, complete(message, **used))],
                [*well, (0.6, rival)],
                [*well, *well],
                [(0, claim(message)), (0.3, progress(message)), (0.5, failing(message, **used))],
                [(0.4, failing(message, "infrastructure"))],
                [(0, forged), *well],
                [(0, claim(message))],
                [],
            ]
        )
