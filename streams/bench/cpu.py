"""CPU time of the processes of a local system, from the kernel's accounts."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_PROC: Final = Path("/proc")


def _stat(pid: int) -> list[str] | None:
    try:
        return (_PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None


def descendants(pid: int) -> set[int]:
    """Give the process and all below it: a supervisor's worker counts as the supervisor's."""
    parents: dict[int, int] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))) is not None:
            parents[int(entry.name)] = int(stat[1])
    found, grew = {pid}, True
    while grew:
        below = {child for child, parent in parents.items() if parent in found} - found
        found |= below
        grew = bool(below)
    return found


def cpu_seconds(pid: int) -> float:
    """Give user and system time of the process, its descendants and its ended children, in seconds."""
    total = 0
    for each in descendants(pid):
        stat = _stat(each)
        if stat is not None:
            total += sum(int(ticks) for ticks in stat[11:15])
    return total / _TICKS


def resident_bytes(pid: int) -> int:
    """Give resident memory of the process and its descendants."""
    total = 0
    for each in descendants(pid):
        stat = _stat(each)
        if stat is not None:
            total += int(stat[21]) * _PAGE
    return total


def by_name(pids: Mapping[str, int]) -> dict[str, float]:
    """Give name -> CPU seconds so far."""
    return {name: cpu_seconds(pid) for name, pid in pids.items()}
