"""An answer that does not come in time is no reason to wait for ever."""

from concurrent.futures import Future
from unittest import mock

import pytest
from confluent_kafka import TopicPartition

from streams.clients import Answer


@pytest.mark.parametrize(("deadline", "is_there"), [(float("inf"), False), (0.0, True)])
def test_an_answer_that_is_overdue_counts_as_there_and_is_an_error(
    deadline: float, *, is_there: bool
) -> None:
    answer = Answer({TopicPartition("t", 0): Future()}, mock.Mock(), deadline)
    assert answer.is_there() is is_there
    with pytest.raises(TimeoutError):
        answer.result(0)
