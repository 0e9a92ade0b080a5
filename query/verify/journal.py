"""A driver's journal: what it wrote down before it sent it must have come in and have an end.

A second line of the same command says how the broker answered: ``"event": "acknowledged"``, or ``"unknown"`` where no
answer came in time. A command of unknown fate may be missing; if it came in it needs an end like any other.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from query.verify.log import Finding, Log
from schemas.output import OperatorError

ACKNOWLEDGED: Final = "acknowledged"
UNKNOWN: Final = "unknown"


class Sent(NamedTuple):
    """One line of a journal."""

    line: int
    command_id: str
    tenant_id: str
    command_type: str
    event: str = ""


def read(path: Path) -> list[Sent]:
    """Read a journal: a JSON object a line with commandId, tenantId, type, maybe event; a torn last line is left out.

    A kill in the middle of a write tears the last line: its command was not sent. Raises OperatorError.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise OperatorError(f"The journal {path} cannot be read ({error.strerror}).") from error
    sent = []
    for number, line in enumerate(lines, start=1):
        try:
            document = json.loads(line)
            row = (
                document["commandId"],
                document["tenantId"],
                document["type"],
                document.get("event", ""),
            )
        except (ValueError, KeyError, TypeError) as error:
            if number == len(lines):
                break
            raise OperatorError(
                f"Line {number} of {path} is no journal entry: commandId, tenantId and type are needed."
            ) from error
        sent.append(Sent(number, *map(str, row)))
    return sent


class Journal:
    """Compares a journal with the log, one partition after another."""

    def __init__(self, sent: Iterable[Sent]) -> None:
        self._sent: dict[str, Sent] = {}
        self._acknowledged: set[str] = set()
        self._unknown: set[str] = set()
        for row in sent:
            self._sent.setdefault(row.command_id, row)
            if row.event == ACKNOWLEDGED:
                self._acknowledged.add(row.command_id)
            elif row.event == UNKNOWN:
                self._unknown.add(row.command_id)
        self._came: set[str] = set()
        self._ended: set[str] = set()

    def see(self, log: Log) -> None:
        """Note what a partition holds of the journal."""
        self._came.update(entry.envelope.event_id for entry in log.commands)
        causes = (entry.envelope.causation_id for entry in (*log.facts, *log.repeats))
        self._ended.update(cause for cause in causes if cause is not None)
        dead = set(log.dead_sources)
        self._ended.update(
            entry.envelope.event_id for entry in log.commands if entry.position in dead
        )

    def check(self) -> Iterator[Finding]:
        """Find commands that never came in, or came in and have no end."""
        for row in self._sent.values():
            what = f"{row.command_type} {row.command_id}"
            place = f"journal:{row.line}"
            if row.command_id in self._ended:
                continue
            if row.command_id in self._came:
                yield Finding("COMMAND_UNDECIDED", place, row.tenant_id, f"{what} has no outcome")
            elif row.command_id in self._acknowledged:
                lost = f"{what} was acknowledged and is not there"
                yield Finding("COMMAND_LOST", place, row.tenant_id, lost)
            elif row.command_id not in self._unknown:
                yield Finding("COMMAND_LOST", place, row.tenant_id, f"{what} never came in")
