"""Offsets of many partitions in one question, asked again while a partition has no leader yet.

A broker that has just started, or just made a topic, answers so for a moment; that is no failure.
"""

import time
from collections.abc import Iterable
from typing import Final

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from topics.settings import client_options

REQUEST_SECONDS: Final = 15
PATIENCE_SECONDS: Final = 20
PAUSE_SECONDS: Final = 0.1

_PASSING: Final = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
    }
)

Place = tuple[str, int]


def listed_offsets(
    admin: AdminClient,
    places: Iterable[Place],
    spec: OffsetSpec,
    isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED,
) -> dict[Place, int]:
    """Give (topic, partition) -> offset of that spec. Raises KafkaException when the broker does not say it in time."""
    asked = {TopicPartition(topic, partition): spec for topic, partition in places}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answers = admin.list_offsets(
            asked, isolation_level=isolation, request_timeout=REQUEST_SECONDS
        )
        try:
            return {(p.topic, p.partition): answer.result().offset for p, answer in answers.items()}
        except KafkaException as error:
            reason: KafkaError = error.args[0]
            if reason.code() not in _PASSING or time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)


def end_offsets(bootstrap: str, places: Iterable[Place]) -> dict[Place, int]:
    """Give (topic, partition) -> offset behind the newest record, transactions that are open included.

    Raises KafkaException where the broker does not answer or a topic is not there.
    """
    newest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    return listed_offsets(AdminClient(client_options(bootstrap)), places, newest)
