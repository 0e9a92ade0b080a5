"""Views of the two-tenant story, shared by the tests of access."""

from tests.unit.query.conftest import shown

__all__ = ["shown"]
