import uuid

import pytest
from confluent_kafka import KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from topics.model import PARTITIONS
from topics.partition import partition_of
from topics.settings import client_options, producer_options

pytestmark = pytest.mark.kafka

TENANTS = ["system", "acme", "a-1", "x" * 63, *(f"tenant-{number}" for number in range(200))]


def test_a_librdkafka_producer_places_each_tenant_where_we_say(kafka: str) -> None:
    topic = f"test-partition-{uuid.uuid4()}"
    admin = AdminClient(client_options(kafka))
    admin.create_topics([NewTopic(topic, PARTITIONS)], operation_timeout=10)[topic].result(10)
    placed: dict[str, int] = {}

    def delivered(error: KafkaError | None, message: Message) -> None:
        assert error is None, error
        placed[(message.key() or b"").decode()] = message.partition() or 0

    producer = Producer(producer_options(kafka))
    for tenant in TENANTS:
        producer.produce(topic, key=tenant.encode(), value=b"", on_delivery=delivered)
    assert producer.flush(10) == 0
    assert placed == {tenant: partition_of(tenant) for tenant in TENANTS}
