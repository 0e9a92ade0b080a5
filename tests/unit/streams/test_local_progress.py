import io

import pytest
from rich.console import Console

from streams.local import OnStderr, Silent
from streams.local.progress import Reporter


def test_steps_and_a_download_are_told() -> None:
    text = io.StringIO()
    reporter = Reporter(Console(file=text, width=100))
    reporter.say("Fetching")
    for done in (0, 50_000_000, 100_000_000):
        reporter.fetched(done, 100_000_000)
    reporter.fetch_ended()
    reporter.say("Starting")
    lines = text.getvalue().splitlines()
    assert lines[0] == "Fetching"
    assert "100.0/100.0 MB" in lines[1]
    assert lines[-1] == "Starting"


def test_a_download_that_failed_is_not_told_as_whole() -> None:
    text = io.StringIO()
    reporter = Reporter(Console(file=text, width=100))
    reporter.fetched(25_000_000, 100_000_000)
    reporter.fetch_ended()
    assert "25.0/100.0 MB" in text.getvalue()


def test_nothing_reaches_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    for reporter in (OnStderr(), Silent()):
        reporter.say("step")
        reporter.fetched(1, 2)
        reporter.fetch_ended()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("step") == 1
