"""Views of the two-tenant story."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.query.story import story
from tests.unit.query.views import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give the views of tenants acme and globex, for a test that may change them."""
    made = World(tmp_path, story("acme", "globex").facts())
    yield made
    made.close()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give the views of tenants acme and globex, for tests that only read."""
    made = World(tmp_path_factory.mktemp("views"), story("acme", "globex").facts())
    yield made
    made.close()
