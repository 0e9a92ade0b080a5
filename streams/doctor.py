"""What `factory doctor` finds: one finding a check, each with what to do. The checks are in the files beside this one.

A check changes nothing: it writes to no topic, joins no group and leaves no file. One that cannot be made says so and
why, instead of passing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from schemas.output import OperatorError

Status = Literal["ok", "warn", "fail", "unchecked"]
"""``warn`` may stay as it is; ``fail`` keeps something of the system from working; ``unchecked`` says why not."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: ``todo`` is empty where there is nothing to do."""

    check: str
    status: Status
    found: str
    todo: str = ""


Check = Callable[[], Finding]
"""Looks at one thing. May raise OperatorError, whose sentence says what is wrong and what to do."""


def run(checks: Iterable[tuple[str, Check]]) -> list[Finding]:
    """Make every check, by name; one that raises OperatorError failed with its sentence."""
    return [_made(name, check) for name, check in checks]


def _made(name: str, check: Check) -> Finding:
    try:
        return check()
    except OperatorError as error:
        found, colon, todo = str(error).partition(": ")
        return Finding(name, "fail", found, todo if colon else found)


def is_healthy(findings: Iterable[Finding]) -> bool:
    """Tell whether nothing failed."""
    return all(finding.status != "fail" for finding in findings)
