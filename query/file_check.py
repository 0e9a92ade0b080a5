"""A look at the views' file from outside: whether it opens, and who holds it. Changes nothing, keeps nothing open."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb


@dataclass(frozen=True, slots=True)
class FileState:
    """What became of the look; ``detail`` is the holder's process id, or why the file does not open."""

    state: Literal["none", "free", "held", "doubtful"]
    detail: str = ""


def look(path: Path) -> FileState:
    """Open the file for reading only, and close it; one process may hold it (query.md §1.4)."""
    if not path.is_file():
        return FileState("none")
    try:
        duckdb.connect(str(path), read_only=True).close()
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        if "Could not set lock on file" in first:
            return FileState("held", first.partition("(PID ")[2].partition(")")[0] or "unknown")
        return FileState("doubtful", first)
    return FileState("free")
