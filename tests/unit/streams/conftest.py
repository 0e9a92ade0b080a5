"""The toy's schemas are known before a test of the runtime makes its first record."""

import pytest

from tests.integration.streams import toy


@pytest.fixture(autouse=True, scope="session")
def _toy_schemas() -> None:
    toy.register()
