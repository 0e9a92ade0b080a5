"""Log lines hold what the program says and never what it was given."""

import json
import logging
from collections.abc import Iterator

import pytest

from schemas.output import OperatorError
from topics.logs import configure

CANARY = "canary-5f2b"


@pytest.fixture(autouse=True)
def handlers_as_they_were() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


Out = pytest.CaptureFixture[str]


def fail() -> None:
    """Fail as code does that was given something secret: its error quotes it."""
    given = {"payload": CANARY}
    try:
        int(given["payload"])
    except ValueError as error:
        raise KeyError(given["payload"]) from error


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_defect_is_shown_by_place_and_type_and_not_by_its_text(form: str, capsys: Out) -> None:
    configure("INFO", {"FACTORY_LOG_FORMAT": form})
    try:
        fail()
    except KeyError:
        logging.getLogger("streams.decide").exception("a decision raised")
    text = capsys.readouterr().err
    assert "a decision raised" in text
    assert "KeyError" in text
    assert "ValueError" in text, "and what it came from"
    assert "test_logs.py" in text
    assert CANARY not in text


@pytest.mark.parametrize("error", [OperatorError("Set X to 1."), TimeoutError("no end in time")])
def test_an_error_that_is_ours_or_the_systems_says_its_sentence(
    error: Exception, capsys: Out
) -> None:
    configure("INFO", {})
    logging.getLogger("x").error("stopped", exc_info=error)
    assert str(error) in capsys.readouterr().err


def test_a_json_line_is_one_object_whatever_it_says(capsys: Out) -> None:
    configure("INFO", {"FACTORY_LOG_FORMAT": "json"})
    logging.getLogger("streams.app").warning("two\nlines \x1b[31m and %s", "é")
    logging.getLogger("streams.app").debug("not shown")
    (line,) = capsys.readouterr().err.splitlines()
    document = json.loads(line)
    assert document["message"] == "two\nlines \x1b[31m and é"
    assert (document["level"], document["logger"]) == ("WARNING", "streams.app")
    assert document["time"].endswith("+00:00")


def test_text_cannot_begin_a_line_or_steer_a_terminal(capsys: Out) -> None:
    configure("INFO", {})
    logging.getLogger("x").warning("a\n2026-01-01 CRITICAL forged \x1b[2J")
    (line,) = capsys.readouterr().err.splitlines()
    assert "\x1b" not in line


def test_a_form_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(OperatorError, match="FACTORY_LOG_FORMAT"):
        configure("INFO", {"FACTORY_LOG_FORMAT": "xml"})
