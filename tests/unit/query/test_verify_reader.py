"""What the verifier asks of the workers' group, where its coordinator is still loading."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from query.feed import BrokerGoneError
from query.verify.reader import group_offsets

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

LOADING = KafkaError(KafkaError.COORDINATOR_LOAD_IN_PROGRESS)
PLACES = [TopicPartition("cp.commands.v1", 0, 7)]


class Admin:
    """Answers each question with the next of what it was given, the last one for ever."""

    def __init__(self, *answers: KafkaError | list[TopicPartition]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def list_consumer_group_offsets(self, request: list[Any], **_: object) -> dict[str, Any]:
        """Give a future as the client does."""
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        future: Future[Any] = Future()
        if isinstance(answer, KafkaError):
            future.set_exception(KafkaException(answer))
        else:
            future.set_result(SimpleNamespace(topic_partitions=answer))
        return {request[0].group_id: future}


def asked(admin: Admin, patience_s: float) -> list[TopicPartition]:
    """Ask for the workers' offsets."""
    return group_offsets(cast("AdminClient", admin), "cp.worker", patience_s)


def test_a_coordinator_that_loads_is_asked_again() -> None:
    admin = Admin(LOADING, KafkaError(KafkaError.NOT_COORDINATOR), PLACES)
    assert asked(admin, 10) == PLACES
    assert admin.asked == 3


def test_one_that_never_ends_loading_ends_as_a_sentence() -> None:
    with pytest.raises(BrokerGoneError, match=r"does not say how far group cp.worker is"):
        asked(Admin(LOADING), 0)


def test_another_refusal_is_not_repeated() -> None:
    admin = Admin(KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED))
    with pytest.raises(BrokerGoneError):
        asked(admin, 10)
    assert admin.asked == 1
