import uuid

import pytest
from confluent_kafka import Producer

from topics.settings import producer_options

pytestmark = pytest.mark.kafka


def test_the_broker_of_the_run_takes_part_in_transactions(kafka: str) -> None:
    producer = Producer(producer_options(kafka) | {"transactional.id": f"test-{uuid.uuid4()}"})
    producer.init_transactions(10)
    producer.begin_transaction()
    producer.commit_transaction(10)
    assert len(producer) == 0
