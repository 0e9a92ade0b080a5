import pytest

from processors.versions import newest_first


def test_what_is_no_version_cannot_have_been_published() -> None:
    with pytest.raises(AssertionError, match="is no version"):
        newest_first(["latest"], "1.0.0")
