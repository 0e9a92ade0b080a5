"""Commits: what the client does not keep itself is kept here."""

import threading
from unittest import mock

import pytest

from streams import transaction
from streams.clients import DoubtError
from streams.crashpoints import CrashPoints
from streams.layout import Layout
from streams.records import OutputRecord
from streams.settings import Settings
from streams.state_key import POSITIONS_KEY
from streams.transaction import Transactions
from streams.work import Work
from topics import naming

SETTINGS = Settings(bootstrap="nobody:1", transaction_timeout_ms=200)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[mock.Mock]:
    """Give the producers that are opened, in order."""
    producers: list[mock.Mock] = []

    def open_one(*_: object) -> mock.Mock:
        producers.append(mock.Mock())
        return producers[-1]

    monkeypatch.setattr(transaction, "transactional_producer", open_one)
    return producers


def transactions() -> Transactions:
    return Transactions(SETTINGS, Layout(partitions=2), CrashPoints(""), lambda _error: None)


def work(number: int) -> Work:
    return mock.Mock(spec=Work, partition=number, outputs=[], positions={})


def test_an_assignment_opens_a_new_producer_for_a_partition_that_stays_too(
    opened: list[mock.Mock],
) -> None:
    written = transactions()
    written.own([0])
    written.own([0, 1])
    assert len(opened) == 3
    written.commit([work(0), work(1)], "group")
    assert [p.commit_transaction.called for p in opened] == [False, True, True]


def test_a_commit_that_outlives_its_transaction_is_a_doubt(opened: list[mock.Mock]) -> None:
    written = transactions()
    written.own([0, 1])
    released = threading.Event()
    opened[1].send_offsets_to_transaction.side_effect = lambda *_: released.wait(30)
    try:
        with pytest.raises(DoubtError, match="did not commit"):
            written.commit([work(0), work(1)], "group")
    finally:
        released.set()
    written.close()


def test_an_error_of_one_commit_is_raised_at_once(opened: list[mock.Mock]) -> None:
    written = transactions()
    written.own([0])
    opened[0].commit_transaction.side_effect = RuntimeError("fenced")
    with pytest.raises(RuntimeError, match="fenced"):
        written.commit([work(0)], "group")


def test_the_end_of_a_changelog_is_behind_the_marker_of_the_last_state_record(
    opened: list[mock.Mock],
) -> None:
    """Who finds it elsewhere knows that another wrote (guard 5)."""
    written = transactions()
    written.own([1])
    opened[0].flush.return_value = 0
    assert written.state_end(1) == 0
    mark = OutputRecord(naming.STATE, 1, POSITIONS_KEY, b"positions", None)
    written.write(1, [OutputRecord(naming.STATE, 1, b"key", b"value", None), mark])
    first, last = opened[0].produce.call_args_list
    assert first.kwargs["on_delivery"] is None
    delivered = mock.Mock(**{"partition.return_value": 1, "offset.return_value": 17})
    last.kwargs["on_delivery"](None, delivered)
    assert written.state_end(1) == 19
    last.kwargs["on_delivery"](mock.Mock(), mock.Mock(**{"partition.return_value": 1}))
    assert written.state_end(1) == 19
