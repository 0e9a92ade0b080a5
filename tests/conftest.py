"""Fixtures of every layer."""

import signal
from collections.abc import Iterator

import pytest

from tests.broker import broker_to_test_against
from tests.plant import plant

__all__ = ["plant"]


@pytest.fixture(scope="session", autouse=True)
def _interrupts_are_heard() -> None:
    """Take Ctrl-C as it is meant, also where a shell started the run in its background and so ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """Give the `host:port` of the one broker of this run, started when first asked for."""
    with broker_to_test_against() as broker:
        yield broker.bootstrap
