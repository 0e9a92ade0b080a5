"""End offsets of many partitions in one question: a consumer asks for them one by one."""

from collections.abc import Iterable
from typing import Final

from confluent_kafka import IsolationLevel, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from topics.settings import client_options

TIMEOUT_SECONDS: Final = 15

Place = tuple[str, int]


def end_offsets(bootstrap: str, places: Iterable[Place]) -> dict[Place, int]:
    """Give (topic, partition) -> offset behind the newest record, transactions that are open included.

    Raises KafkaException where the broker does not answer or a topic is not there.
    """
    admin = AdminClient(client_options(bootstrap))
    newest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    asked = {TopicPartition(topic, partition): newest for topic, partition in places}
    answers = admin.list_offsets(
        asked,
        isolation_level=IsolationLevel.READ_UNCOMMITTED,
        request_timeout=TIMEOUT_SECONDS,
    )
    return {(p.topic, p.partition): answer.result().offset for p, answer in answers.items()}
