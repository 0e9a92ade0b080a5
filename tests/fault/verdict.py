"""What the topics say after the faults: verified as a stranger would, aborts counted, digests compared."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, TopicPartition

from streams.settings import from_environment
from streams.tenant_replay import TenantReplay
from topics.catalogue import FACT_TOPICS
from topics.ends import end_offsets
from topics.model import PARTITIONS
from topics.settings import client_options

VERIFY_SECONDS_MAX: Final = 1800
POLL_SECONDS: Final = 0.2
SILENCE_SECONDS_MAX: Final = 20
BATCH: Final = 10_000


def factory(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run one of our commands."""
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=VERIFY_SECONDS_MAX,
        check=False,
    )


def verify(journal: Path | None = None) -> dict[str, Any]:
    """Give the report of `factory verify`, with the journal if there is one; ``sound`` is the verdict."""
    token = factory(
        "token", "issue", "--tenant", "system", "--role", "PlatformAdmin", "--ttl", "3600"
    )
    if token.returncode != 0:
        raise AssertionError(f"no token: {token.stderr}")
    against = () if journal is None else ("--journal", str(journal))
    ended = factory("verify", *against, "--json", FACTORY_TOKEN=token.stdout.strip())
    try:
        report: dict[str, Any] = json.loads(ended.stdout)
    except ValueError:
        return {"sound": False, "error": ended.stderr.strip()[-2000:]}
    return report


def digests(tenants: list[str]) -> dict[str, dict[str, Any]]:
    """Give tenant -> replayed and live digest, and whether they are equal at the same sequence."""
    found = {}
    for tenant in tenants:
        reader = TenantReplay(from_environment(), tenant)
        live = reader.live()
        replayed = reader.run(live.sequence)
        found[tenant] = {
            "sequence": live.sequence,
            "digest": replayed.digest.hex(),
            "equal": replayed.digest == live.digest,
        }
    return found


def aborted_records(bootstrap: str) -> int:
    """Count the records of fact topics that a reader of uncommitted records sees and one of committed ones does not."""
    return _count(bootstrap, "read_uncommitted") - _count(bootstrap, "read_committed")


def _count(bootstrap: str, isolation: str) -> int:
    places = [(topic, partition) for topic in FACT_TOPICS for partition in range(PARTITIONS)]
    left = {place for place, end in end_offsets(bootstrap, places).items() if end}
    consumer = Consumer(
        {
            **client_options(bootstrap),
            "group.id": f"fault-count-{isolation}",
            "isolation.level": isolation,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in left])
    counted = 0
    deadline = time.monotonic() + SILENCE_SECONDS_MAX
    while left:
        messages = consumer.consume(BATCH, POLL_SECONDS)
        if messages:
            deadline = time.monotonic() + SILENCE_SECONDS_MAX
        elif time.monotonic() > deadline:
            raise TimeoutError(f"no end of {sorted(left)}")
        for message in messages:
            error = message.error()
            if error is None:
                counted += 1
            elif error.code() == KafkaError._PARTITION_EOF:
                left.discard((message.topic() or "", message.partition() or 0))
    consumer.close()
    return counted
