"""What is printed: texts of agents and tenants cannot steer the terminal of who reads them."""

import json

import pytest

from schemas.output import print_json, print_line, print_rows, printable

HOSTILE = "a\x1b[2J\x1b]0;title\x07\x9b31m\u202egnp.exe\r"
STEERING = ("\x1b", "\x07", "\x9b", "\u202e", "\r")


def test_control_characters_are_spelled_out_and_all_else_stays() -> None:
    assert printable("a\x1b[31m") == "a\\u001b[31m"
    assert printable("ümlaut\tund\nZeile 日本 😀") == "ümlaut\tund\nZeile 日本 😀"


@pytest.mark.parametrize("as_json", [True, False])
def test_rows_do_not_steer_a_terminal(capsys: pytest.CaptureFixture[str], *, as_json: bool) -> None:
    print_rows([{"reason": HOSTILE, "list": [HOSTILE]}], as_json=as_json)
    shown = capsys.readouterr().out
    assert not [sign for sign in STEERING if sign in shown]
    assert "2J" in shown


def test_a_line_does_not_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_line(HOSTILE)
    assert not [sign for sign in STEERING if sign in capsys.readouterr().out]


def test_json_means_what_it_meant(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"text": HOSTILE})
    assert json.loads(capsys.readouterr().out) == {"text": HOSTILE}
