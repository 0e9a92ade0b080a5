"""Questions where the logs end: each gets its answer, whatever else is asked meanwhile."""

import uuid

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import NewTopic

from streams.clients import LogEnds
from streams.settings import Settings
from topics.provision import admin_client

pytestmark = pytest.mark.kafka


@pytest.fixture
def topic(kafka: str) -> str:
    """Give an empty topic of two partitions."""
    name = f"test-{uuid.uuid4()}"
    admin = admin_client(kafka)
    admin.create_topics([NewTopic(name, 2)], operation_timeout=10)[name].result(10)
    return name


def test_a_question_is_answered_although_the_client_was_renewed_since(
    kafka: str, topic: str
) -> None:
    """Two partitions asked again one after the other: the first one's timers stood still for ever (F18)."""
    ends = LogEnds(Settings(bootstrap=kafka))
    first = ends.ask_end([(topic, 0)])
    ends.renew()
    second = ends.ask_end([(topic, 1)])
    assert {**first.result(20), **second.result(20)} == {(topic, 0): 0, (topic, 1): 0}
    assert first.is_there()


def test_a_question_that_cannot_be_answered_ends_with_an_error(kafka: str) -> None:
    ends = LogEnds(Settings(bootstrap=kafka))
    answer = ends.ask_end([(f"test-{uuid.uuid4()}", 0)])
    with pytest.raises(KafkaException):
        answer.result(40)
