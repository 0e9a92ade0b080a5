"""Log lines of a process on stderr: text for people, or one JSON object a line (FACTORY_LOG_FORMAT=json).

A line holds what the program says and never what it was given: an error's own text is shown only for kinds whose texts
are written by us, the client or the system; of any other kind, where it was raised and of which type it is. Places in
the code are shown, values are not.
"""

import json
import logging
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Final

from confluent_kafka import KafkaError, KafkaException

from schemas.output import OperatorError, printable

VARIABLE: Final = "FACTORY_LOG_FORMAT"
FORMATS: Final = ("text", "json")
SPEAKING: Final = (OperatorError, KafkaException, KafkaError, OSError)
"""Kinds of error whose text quotes nothing of a record. TimeoutError and ConnectionError are OSErrors."""

_Failure = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def said(error: BaseException) -> str:
    """Give type and, where it may be shown, text of an error."""
    name = type(error).__name__
    speaks = isinstance(error, SPEAKING) or getattr(error, "is_speaking", False)
    return f"{name}: {error}" if speaks else name


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give the error and what it came from, oldest first."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _chain(before)
    yield error


class _Lines(logging.Formatter):
    """Text for people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base's name
        """Give the line; nothing that was logged can begin another one or steer a terminal."""
        return printable(super().formatMessage(record)).replace("\n", "\\n")

    def formatException(self, ei: _Failure) -> str:  # noqa: N802 - the base's name
        """Give where an error was raised and of which type it is."""
        if ei[1] is None:
            return ""
        parts = []
        for error in _chain(ei[1]):
            parts += [
                "Traceback (most recent call last):\n",
                *traceback.format_tb(error.__traceback__),
            ]
            parts.append(f"{said(error)}\n")
        return printable("".join(parts)).rstrip("\n")


class _JsonLines(_Lines):
    """One JSON object a line: time, level, logger, message, thread, and error where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "thread": record.threadName,
            "process": record.process,
        }
        if record.exc_info is not None and record.exc_info[1] is not None:
            line["error"] = said(record.exc_info[1])
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True)


def configure(level: str = "INFO", environ: Mapping[str, str] = os.environ) -> None:
    """Send this process's log to stderr in the form that the environment asks for. Raises OperatorError."""
    form = environ.get(VARIABLE) or FORMATS[0]
    if form not in FORMATS:
        raise OperatorError(f"{VARIABLE} must be one of {', '.join(FORMATS)}, not {form!r}.")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if form == "json" else _Lines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
