"""A full agent: it waits for room, and pauses its consumer only where that takes long."""

import threading
from unittest import mock

import pytest

from topics import agent_worker
from topics.agent_worker import AgentWorker


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> AgentWorker:
    """Give a worker whose only place is taken."""
    monkeypatch.setattr(agent_worker, "Reporter", mock.Mock())
    worker = AgentWorker("ConnectSoft.Agent.Full", "1.0.0", bootstrap="nobody:1", concurrency=1)
    worker._running["task"] = mock.Mock()
    return worker


def test_a_short_task_costs_no_pause(full: AgentWorker) -> None:
    consumer = mock.Mock()
    waiting = threading.Thread(target=full._wait_for_room, args=(consumer,))
    waiting.start()
    full._running.clear()
    full._ended.set()
    waiting.join(10)
    assert not waiting.is_alive()
    consumer.pause.assert_not_called()


def test_a_long_task_keeps_the_partitions_without_fetching(
    full: AgentWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_worker, "PAUSE_AFTER_SECONDS", 0.01)
    consumer = mock.Mock()
    consumer.poll.side_effect = lambda _seconds: full._running.clear()
    full._wait_for_room(consumer)
    called = [call[0] for call in consumer.method_calls]
    assert called[:3] == ["assignment", "pause", "poll"]
    assert called[-1] == "resume"


def test_a_stop_ends_the_wait(full: AgentWorker) -> None:
    full.stop()
    full._wait_for_room(mock.Mock())
    assert "task" in full._running
