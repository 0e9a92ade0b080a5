import errno
import os
from pathlib import Path

import pytest

from schemas.output import OperatorError
from streams.breadcrumb import Breadcrumb


def test_a_breadcrumb_without_room_is_refused_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OperatorError, match=r"No space left on device.*FACTORY_LOCAL"):
        Breadcrumb(tmp_path / "crumbs" / "w1")
