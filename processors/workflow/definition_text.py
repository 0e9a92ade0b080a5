"""What a definition's text must be, and how its findings reach the sender."""

import json
from collections.abc import Sequence
from typing import Final

from processors.contract import Rejection
from processors.workflow.definition import check_definition
from processors.workflow.definition.model import Definition, Finding

FINDINGS_MAX: Final = 100
"""Most findings that a refusal carries; the offline check gives all."""


def checked(name: str, version: str, text: str) -> Definition | Rejection:
    """Give the definition, or INVALID_ARGUMENT with every finding as a JSON list in ``got``."""
    definition, findings = check_definition(text)
    if definition is None:
        return rejection(findings)
    if (definition.name, definition.version) != (name, version):
        return Rejection(
            "INVALID_ARGUMENT",
            "name and version are those of the document",
            "name",
            f"{definition.name} {definition.version}",
            f"{name} {version}",
        )
    return definition


def rejection(findings: Sequence[Finding]) -> Rejection:
    """Give the refusal for findings."""
    listed = [
        {"line": f.line, "column": f.column, "path": f.path, "code": f.code, "message": f.message}
        for f in findings[:FINDINGS_MAX]
    ]
    return Rejection(
        "INVALID_ARGUMENT",
        f"the definition has {len(findings)} faults, the first in line {findings[0].line}: {findings[0].message}",
        "definition",
        "a definition of the profile",
        json.dumps(listed, ensure_ascii=False, separators=(",", ":")),
    )
