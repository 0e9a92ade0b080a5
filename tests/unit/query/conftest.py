"""Views of the two-tenant story."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.query.story import story
from tests.unit.query.views import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give the views of tenants acme and globex."""
    made = World(tmp_path, story("acme", "globex").facts())
    yield made
    made.close()
