"""Check of the broker's transactions: none stays open, so that readers and restarts come to their ends."""

import time
from collections.abc import Iterable
from typing import Final

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from streams.doctor import Finding

ANSWER_S: Final = 10.0
POLL_S: Final = 0.5
BEYOND_S: Final = 3.0
"""The broker aborts what a worker left open after the transaction's time-out, but looks for it only now and then."""
OFFSETS: Final = "__consumer_offsets"

Ends = dict[tuple[str, int], int]


def check_transactions(admin: AdminClient, topics: Iterable[str], patience_s: float) -> Finding:
    """Tell whether a transaction stays open on one of these topics, or on the groups' offsets.

    An open one is normal for moments; one that is still the same after ``patience_s`` is not.
    """
    try:
        stays = _first_open(admin, topics)
        deadline = time.monotonic() + patience_s
        while stays and time.monotonic() < deadline:
            time.sleep(POLL_S)
            now = _first_open(admin, topics)
            stays = {place: at for place, at in stays.items() if now.get(place) == at}
    except KafkaException as error:
        return Finding("transactions", "unchecked", f"the broker failed ({error.args[0].str()})")
    if not stays:
        return Finding("transactions", "ok", "none stays open")
    (topic, partition), at = min(stays.items())
    return Finding(
        "transactions",
        "fail",
        f"one stays open on {len(stays)} partitions, {topic}-{partition} from offset {at} first: readers of "
        "committed records and restarts stop there",
        "if its producer is gone, find it with Kafka's own `kafka-transactions.sh find-hanging` and end it with "
        "`abort`; why one may hang: streams/README.md, ADR 1",
    )


def _first_open(admin: AdminClient, topics: Iterable[str]) -> Ends:
    """Give the first offset of an open transaction of each partition that has one."""
    found = admin.list_topics(timeout=ANSWER_S).topics
    places = [
        TopicPartition(name, number)
        for name in (*topics, OFFSETS)
        if name in found
        for number in found[name].partitions
    ]
    # In this order a record that comes in between makes none look open.
    last = _ends(admin, places, IsolationLevel.READ_UNCOMMITTED)
    stable = _ends(admin, places, IsolationLevel.READ_COMMITTED)
    return {place: at for place, at in stable.items() if at < last[place]}


def _ends(admin: AdminClient, places: list[TopicPartition], level: IsolationLevel) -> Ends:
    if not places:
        return {}
    newest: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    asked = admin.list_offsets(dict.fromkeys(places, newest), isolation_level=level)
    return {
        (place.topic, place.partition): int(answer.result(ANSWER_S).offset)
        for place, answer in asked.items()
    }
