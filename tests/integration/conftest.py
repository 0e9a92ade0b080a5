"""What a failure shows: the last words of the processes that the test started."""

from collections.abc import Generator
from pathlib import Path

import pytest

LINES = 60


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the ends of the logs in the test's own folder beside its failure."""
    report = yield
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if report.failed and isinstance(folder, Path):
        for log in sorted(folder.rglob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-LINES:]
            report.sections.append((log.name, "\n".join(lines)))
    return report
