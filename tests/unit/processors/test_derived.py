"""Derived ids are version 5 UUIDs, as any library makes them."""

from uuid import uuid5

from hypothesis import given
from hypothesis import strategies as st

from processors.derived import NAMESPACE, derived_uuid


@given(st.text())
def test_it_is_the_version_5_uuid_of_the_name(name: str) -> None:
    assert derived_uuid(name) == str(uuid5(NAMESPACE, name))
