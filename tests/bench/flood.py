"""Sends StartWorkflow for one tenant at a steady rate: ``python -m tests.bench.flood TENANT PER_SECOND SECONDS``.

A process of its own, so that a flood's sender does not slow the sender that is measured. Prints how many it sent.
"""

import json
import sys
import time
from typing import Final

from schemas.edge_model import EdgeModel, model_of
from streams.run.seeds import PLATFORM_ADMIN
from topics.command import Actor, uuid7
from topics.producer import CommandProducer

DEFINITION: Final = "notes"
TEXT: Final = """
document: {dsl: '1.0.3', namespace: bench, name: notes, version: 1.0.0}
do:
  - note: {set: {seen: '${ input.value }'}}
"""


def start_command(value: int) -> EdgeModel:
    """Give the command that starts a workflow which ends at once."""
    fields = {
        "workflowInstanceId": f"wf-{uuid7()}",
        "definitionOwner": "system",
        "definitionName": DEFINITION,
        "input": json.dumps({"value": value}),
    }
    return model_of("StartWorkflow").model_validate(fields)


def flood(tenant: str, per_second: float, seconds: float) -> int:
    """Send, falling behind rather than bursting where the machine is slow; give how many were sent."""
    sent = 0
    with CommandProducer(Actor("user", PLATFORM_ADMIN), options={"linger.ms": 5}) as producer:
        begun = time.monotonic()
        while (now := time.monotonic() - begun) < seconds:
            due = int(now * per_second) - sent
            for _ in range(min(due, 200)):
                producer.produce(producer.prepare(start_command(sent), tenant))
                sent += 1
            producer.poll(0.002)
    return sent


if __name__ == "__main__":
    sys.stdout.write(f"{flood(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))}\n")
