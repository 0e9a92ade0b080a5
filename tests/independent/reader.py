"""Read every record of every topic with confluent-kafka, fastavro and the files under schemas/ alone.

``python reader.py BOOTSTRAP SCHEMAS_FOLDER`` decodes each record, and checks per cause that ordinals are complete, per
tenant that ``sequence`` has no gap and that the hash chain holds. Prints one JSON document; exits 1 on a finding.
It imports nothing of the project: what a stranger could write from the documents.
"""

import hashlib
import io
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

IDLE_SECONDS_MAX = 20


class Registry:
    """Schemas by id, from registry.lock.json."""

    def __init__(self, folder: Path) -> None:
        rows = json.loads((folder / "registry.lock.json").read_text())["schemas"]
        self.parsed: dict[int, Any] = {}
        self.subjects: dict[int, str] = {}
        for row in rows:
            schema = json.loads((folder / row["file"]).read_text())
            self.parsed[row["id"]] = fastavro.parse_schema(schema)
            self.subjects[row["id"]] = row["subject"]

    def decode(self, schema_id: int, raw: bytes) -> Any:
        """Give the record; every byte must belong to it."""
        source = io.BytesIO(raw)
        record = fastavro.schemaless_reader(source, self.parsed[schema_id], None)
        if source.tell() != len(raw):
            raise ValueError(f"{len(raw) - source.tell()} bytes after the record")
        return record

    def framed(self, value: bytes) -> tuple[str, Any]:
        """Give subject and record of a framed value."""
        if value[0] != 0:
            raise ValueError("no frame")
        schema_id = int.from_bytes(value[1:5], "big")
        return self.subjects[schema_id], self.decode(schema_id, value[5:])


def avro_bytes(raw: bytes) -> bytes:
    """Avro bytes: zigzag length, then the bytes."""
    count, out = len(raw) << 1, bytearray()
    while count > 127:
        out.append(count & 127 | 128)
        count >>= 7
    return bytes(out) + bytes([count]) + raw


def chain(previous: bytes, value: bytes, envelope: dict[str, Any]) -> bytes:
    """hash_n = SHA-256(0x02 ‖ hash_(n-1) ‖ SHA-256(payload) ‖ header), header with empty payload and null hash."""
    tail = avro_bytes(envelope["payload"]) + b"\x02" + envelope["hash"]
    header = value[: -len(tail)] + b"\x00\x00"
    payload = hashlib.sha256(envelope["payload"]).digest()
    return hashlib.sha256(b"\x02" + previous + payload + header).digest()


def records(bootstrap: str) -> Iterator[Message]:
    """Every committed record of every topic of the control plane."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "independent-reader",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    topics = consumer.list_topics(timeout=10).topics
    places = [(t, p) for t in topics if t.startswith("cp.") for p in topics[t].partitions]
    consumer.assign([TopicPartition(t, p, 0) for t, p in places])
    left = set(places)
    while left:
        batch = consumer.consume(2000, IDLE_SECONDS_MAX)
        if not batch:
            raise SystemExit(f"no answer from {bootstrap}")
        for message in batch:
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                left.discard((message.topic(), message.partition()))
            else:
                raise SystemExit(str(error))
    consumer.close()


class Check:
    """What was found so far."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.findings: list[str] = []
        self.counts: dict[str, int] = defaultdict(int)
        self.tenants: dict[str, dict[int, tuple[str, bytes, dict[str, Any]]]] = defaultdict(dict)
        self.causes: dict[tuple[Any, ...], list[tuple[int, int, str]]] = defaultdict(list)

    def take(self, message: Message) -> None:
        """Decode one record."""
        position = f"{message.topic()}:{message.partition()}:{message.offset()}"
        self.counts[message.topic()] += 1
        if message.value() is None:
            if message.topic() != "cp.state.v1" and not is_input(message.topic() or ""):
                self.findings.append(f"{position}: a tombstone")
            return
        try:
            subject, envelope = self.registry.framed(message.value())
            if subject == "runtime.DeadLetter":
                return
            if subject == "envelope.StateEntry":
                self.registry.decode(envelope["valueSchemaId"], envelope["value"])
                return
            self.registry.decode(envelope["payloadSchemaId"], envelope["payload"])
        except Exception as error:  # noqa: BLE001 - fastavro raises unrelated classes
            if is_input(message.topic()):
                return  # what others send may be anything: it ends as a dead letter
            self.findings.append(f"{position}: {type(error).__name__}: {error}")
            return
        if envelope["sequence"] is not None and message.topic() != "cp.catalogue.v1":
            self.fact(position, message.value(), envelope)

    def fact(self, position: str, value: bytes, envelope: dict[str, Any]) -> None:
        """Note a sequenced record."""
        of_tenant = self.tenants[envelope["tenantId"]]
        if envelope["sequence"] in of_tenant:
            self.findings.append(f"{position}: sequence {envelope['sequence']} twice")
        of_tenant[envelope["sequence"]] = (position, value, envelope)
        cause = (envelope["causeTopic"], envelope["causePartition"], envelope["causeOffset"])
        self.causes[envelope["tenantId"], *cause].append(
            (envelope["ordinal"], envelope["outcomeCount"], position)
        )

    def finish(self) -> None:
        """Check order, chain and outcomes."""
        for tenant, facts in sorted(self.tenants.items()):
            previous = bytes(32)
            for number, sequence in enumerate(sorted(facts), start=1):
                position, value, envelope = facts[sequence]
                if sequence != number:
                    self.findings.append(f"{position}: {tenant} has no sequence {number}")
                    break
                if chain(previous, value, envelope) != envelope["hash"]:
                    self.findings.append(f"{position}: the chain of {tenant} breaks")
                    break
                previous = envelope["hash"]
        for (tenant, *_cause), parts in self.causes.items():
            ordinals = sorted(part[0] for part in parts)
            if ordinals != list(range(parts[0][1])):
                self.findings.append(
                    f"{parts[0][2]}: an outcome of {tenant} is not whole: {ordinals}"
                )


INPUTS = ("cp.commands.", "cp.agent-mesh.results.", "cp.devops.outcomes.", "cp.observability.",
          "cp.governance.policies.", "cp.integration.inbound.")  # fmt: skip


def is_input(topic: str) -> bool:
    """Whether others than the control plane write to the topic."""
    return topic.startswith(INPUTS)


def main() -> int:
    """Read and check; give the exit code."""
    bootstrap, folder = sys.argv[1], Path(sys.argv[2])
    check = Check(Registry(folder))
    for message in records(bootstrap):
        check.take(message)
    check.finish()
    facts = {tenant: len(of_tenant) for tenant, of_tenant in check.tenants.items()}
    json.dump(
        {"records": check.counts, "facts": facts, "findings": check.findings}, sys.stdout, indent=1
    )
    return 1 if check.findings else 0


if __name__ == "__main__":
    sys.exit(main())
