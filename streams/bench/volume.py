"""How many records and bytes a run left on the topics: facts, messages and state apart (settled.md 31)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from confluent_kafka import Consumer, KafkaError, TopicPartition

from topics.catalogue import TOPICS
from topics.ends import end_offsets
from topics.model import Kind
from topics.settings import client_options

Ends = dict[tuple[str, int], int]
TIMEOUT_SECONDS: Final = 20

GROUPS: Final[Mapping[Kind, str]] = {
    Kind.INPUT: "messages",
    Kind.OUT: "messages",
    Kind.FACTS: "facts",
    Kind.STATE: "state",
}


def _consumer(bootstrap: str) -> Consumer:
    return Consumer(
        {
            **client_options(bootstrap),
            "group.id": "cp.operator-bench",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )


def ends(bootstrap: str) -> Ends:
    """Give the end offset of every partition of the topics that are counted; derived copies are not."""
    counted = [topic for topic in TOPICS if topic.kind in GROUPS]
    return end_offsets(bootstrap, [(t.name, p) for t in counted for p in range(t.partitions)])


def count_records(bootstrap: str, begin: Ends, end: Ends) -> dict[str, int]:
    """Give group -> committed records between two ends; transaction markers take offsets and are no records."""
    consumer = _consumer(bootstrap)
    moved = {place for place in end if end[place] > begin.get(place, 0)}
    consumer.assign([TopicPartition(t, p, begin.get((t, p), 0)) for t, p in moved])
    counts = dict.fromkeys(("messages", "facts", "state"), 0)
    groups = {topic.name: GROUPS[topic.kind] for topic in TOPICS if topic.kind in GROUPS}
    left = set(moved)
    while left:
        for message in consumer.consume(5000, TIMEOUT_SECONDS):
            place = (message.topic() or "", message.partition() or 0)
            error = message.error()
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - so named in the public API
                    left.discard(place)
            elif (message.offset() or 0) < end[place]:
                counts[groups[place[0]]] += 1
    consumer.close()
    return counts


def bytes_on_disk(data: Path) -> dict[str, int]:
    """Give group -> bytes of the topics' segments in a local broker's data folder."""
    sizes = dict.fromkeys(("messages", "facts", "state"), 0)
    for topic in TOPICS:
        if topic.kind in GROUPS:
            for folder in data.glob(f"{topic.name}-*"):
                sizes[GROUPS[topic.kind]] += sum(f.stat().st_size for f in folder.glob("*.log"))
    return sizes
