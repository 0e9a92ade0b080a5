"""What a command prints: a table for a person or JSON for a machine, on stdout.

Lowest layer, so that the command lines of every package print alike. Progress and errors are not
its business: they go to stderr.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table


class OperatorError(Exception):
    """What a person must put right; the message is one sentence that says how.

    A command that meets it prints the sentence to stderr and ends with exit code 1.
    """


def print_json(value: object) -> None:
    """Print one JSON document; its keys are camelCase, as on the wire."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


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
        return " ".join(map(str, value))
    return str(value)
