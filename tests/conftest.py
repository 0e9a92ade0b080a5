"""Fixtures of every layer."""

from collections.abc import Iterator

import pytest

from tests.broker import broker_to_test_against
from tests.plant import plant

__all__ = ["plant"]


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """Give the `host:port` of the one broker of this run, started when first asked for."""
    with broker_to_test_against() as broker:
        yield broker.bootstrap
