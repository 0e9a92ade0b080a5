"""What a command prints: a table for a person or JSON for a machine, on stdout.

Lowest layer, so that the command lines of every package print alike. Progress and errors are not
its business: they go to stderr.
"""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What steers a terminal or turns its writing direction: all but tab and new line."""


class OperatorError(Exception):
    """What a person must put right; the message is one sentence that says how.

    A command that meets it prints the sentence to stderr and ends with exit code 1.
    """


def printable(text: str) -> str:
    """Give a text whose control characters are spelled out.

    Titles, reasons and answers are written by agents and tenants; a terminal must not obey them.
    """
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def print_line(text: str) -> None:
    """Print a line for a person, at once."""
    sys.stdout.write(printable(text) + "\n")
    sys.stdout.flush()


def print_json(value: object) -> None:
    """Print one JSON document; its keys are camelCase, as on the wire."""
    # In JSON text control characters stand inside strings only, where the spelled out form means the same.
    document = json.dumps(value, indent=2, ensure_ascii=False)
    sys.stdout.write(printable(document) + "\n")


def print_rows(
    rows: Iterable[Mapping[str, object]], *, as_json: bool, title: str | None = None
) -> None:
    """Print rows that all have the keys of the first one: a JSON array, or a table.

    In the table the keys are the headings, a sequence is joined with spaces and None is empty.
    """
    listed = [dict(row) for row in rows]
    if as_json:
        print_json(listed)
        return
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for heading in listed[0] if listed else ():
        table.add_column(heading, overflow="fold")
    for row in listed:
        table.add_row(*map(_cell, row.values()))
    # Without a terminal the width would be 80 and cut what a script or a file is to keep.
    width = None if sys.stdout.isatty() else 240
    Console(width=width, highlight=False, markup=False).print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return printable(" ".join(map(str, value)))
    return printable(str(value))
