"""State of the real rules in any number: what a few workflows leave in one partition, copied under other ids.

Twenty workflows of five agent tasks run through the real cycle in memory. What the changelog then holds of the tenant
is the pattern; a copy has other UUIDs, so every record stays what the rules wrote. Outputs and inputs are lengthened
to what real tasks return, because adding one returns a digit.
"""

import json
import re
import time
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from msgspec import structs

from schemas.codec import decode_state, encode_state
from schemas.messages.agents.commands import SizeAgentPool
from schemas.messages.runtime.state import CommandMemory
from schemas.messages.workflow.messages import AgentTaskAssignment
from schemas.messages.workflow.state import WorkflowDocument, WorkflowStep
from streams.ahead import positions_record
from streams.layout import ORDER
from streams.run.seeds import AGENT_MESH
from streams.state_key import POSITIONS_KEY
from tests.property.plant import HOME, TENANTS
from tests.property.test_whole_pipeline import Life, owner_of
from tests.unit.workflow.world import ROLE, call, claim, complete, start
from topics.partition import partition_of

Records = dict[bytes, bytes]
"""Keys and values of a changelog."""

Sent = tuple[str, AgentTaskAssignment]
"""A tenant and what was assigned."""

PATTERN: Final = TENANTS[0]
INSTANCES: Final = 20
SHARED: Final = 8
"""Answers that one cycle decides."""
OUTPUT_BYTES: Final = 650
_UUID: Final = re.compile(rb"([0-9a-f]{8})(?=(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_SEQUENCE: Final = re.compile(rb"\|CommandMemory\|(\d{20})-")
_COPIED: Final = frozenset(
    {"WorkflowInstance", "WorkflowDocument", "WorkflowStep", "AgentTask", "TaskUsage"}
    | {CommandMemory.__name__}
)
"""Kinds of which a tenant has more the more it does."""


def tenants() -> list[str]:
    """Give a tenant for each partition in turn, its name as long as the pattern's."""
    names = {partition_of(name): name for name in (f"ten{number:03d}" for number in range(200))}
    return [names[number] for number in sorted(names)]


def pattern() -> Records:
    """Give the changelog of the home partition after the pattern's workflows have ended."""
    life = Life(1, restores=False)
    plant = life.plant
    # Now, so that the deadlines of what is kept for a while lie ahead.
    plant.log.now = max(plant.log.now, time.time_ns() // 1000)
    life.by(owner_of(PATTERN), SizeAgentPool(agent_role=ROLE, capacity=INSTANCES), PATTERN)
    for number in range(INSTANCES):
        instance = f"wf-{number + 1:08x}-0000-7000-8000-{number + 1:012x}"
        life.by(owner_of(PATTERN), start("add-five", '{"value": 1}', instance), PATTERN)
    plant.run(life.random)
    for number, (tenant, message) in enumerate(iter_growing(plant.sent)):
        plant.log.now += 100_000
        plant.send(tenant, claim(message), AGENT_MESH, "service")
        result = complete(message, model_invocations=(call(number),))
        plant.send(tenant, result, AGENT_MESH, "service")
        if number % SHARED == 0 or number + 1 == len(plant.sent):
            plant.run(Random(number))  # noqa: S311 - sizes of cycles are no secret
    return {key: _lengthened(value) for key, value in plant.log.state[HOME].items()}


def iter_growing(sent: Sequence[Sent]) -> Iterator[Sent]:
    """Give what is in the list, and what comes into it meanwhile."""
    done = 0
    while done < len(sent):
        yield sent[done]
        done += 1


def _lengthened(value: bytes) -> bytes:
    record, version = decode_state(value)
    text = json.dumps({"summary": "as the blueprint says, " * (OUTPUT_BYTES // 23)})
    if isinstance(record, WorkflowStep):
        return encode_state(structs.replace(record, output=text), version)
    if isinstance(record, WorkflowDocument):
        return encode_state(structs.replace(record, document=text), version)
    return value


def partition(found: Records, number: int, count: int) -> Iterator[tuple[bytes, bytes]]:
    """Give ``count`` state records of a partition, and the positions that make them count."""
    tenant = tenants()[number].encode()
    own = {k: v for k, v in found.items() if k.startswith(f"{PATTERN}|".encode())}
    system = {k: v for k, v in found.items() if k.startswith(b"system|")}
    moved = {
        key.replace(PATTERN.encode(), tenant): value.replace(PATTERN.encode(), tenant)
        for key, value in own.items()
    }
    kept = {k: v for k, v in moved.items() if k.split(b"|", 2)[1].decode() not in _COPIED}
    begun = {**system, **kept}
    yield from begun.items()
    copied = [(key, value) for key, value in moved.items() if key not in kept]
    for index in range(count - len(begun)):
        copy, place = divmod(index, len(copied))
        yield tuple(_renamed(part, copy) for part in copied[place])  # type: ignore[misc]
    mark = positions_record(number, dict.fromkeys(ORDER, 0), complete_from=0, state_records=count)
    yield POSITIONS_KEY, mark.value or b""


def _renamed(part: bytes, copy: int) -> bytes:
    """Give the key or value with other UUIDs, the same ones in every record of a copy."""
    part = _SEQUENCE.sub(
        lambda found: b"|CommandMemory|%020d-" % (int(found[1]) + copy * 1000), part
    )
    return _UUID.sub(lambda found: b"%08x" % (int(found[1], 16) ^ copy << 8), part)
