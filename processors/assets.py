"""References to published assets: an owner, a name and a version (settled.md 25).

The owner is ``system`` (the shared catalogue) or the tenant itself and is always said, never
guessed: a tenant's asset does not shadow the platform's of the same name. As text:
``[owner/]name[@version]``; no owner means ``system``, no version the newest published.
"""

import re
from typing import Final, NamedTuple

from processors.contract import ReadTables
from processors.decision import Decision
from schemas.ids import SYSTEM

VERSIONS_MAX: Final = 1000
"""Most published versions of one asset: they stand in one state record, 10 bytes a version."""

_REFERENCE: Final = re.compile(
    r"(?:(?P<owner>[a-z0-9][a-z0-9-]{1,62})/)?"
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9.-]{1,126})(?:@(?P<version>[0-9.]{5,29}))?"
)


class Reference(NamedTuple):
    """What a reference names; ``version`` None means the newest published."""

    owner: str
    name: str
    version: str | None


def parse(text: str) -> Reference | None:
    """Give what the text ``[owner/]name[@version]`` names, or None where it is no reference."""
    match = _REFERENCE.fullmatch(text)
    return Reference(match["owner"] or SYSTEM, match["name"], match["version"]) if match else None


def tables_of(decision: Decision, owner: str) -> ReadTables | None:
    """Give the tables that hold the owner's assets.

    None for any owner but ``system`` and the tenant itself. An empty owner means ``system``.
    Another tenant's assets cannot be reached by any spelling.
    """
    if owner in ("", SYSTEM):
        return decision.system
    return decision.tables if owner == decision.tenant_id else None


def record_id(name: str, version: str) -> str:
    """Give the id of the state record of one version of a named asset."""
    return f"{name}/{version}"
