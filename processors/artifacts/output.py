"""What a result may say of an artifact. Results are hostile input: each part has a literal rule.

Source: domain.md §10 and §5.3 (never used as SQL, path, topic name or policy text).
"""

import re
from typing import Final, Literal, Protocol

FINDING_VALUE_CHARACTERS_MAX: Final = 80

Classification = Literal["Public", "Internal", "Confidential", "Restricted"]
CLASSIFICATIONS: Final[dict[str, Classification]] = {
    "Public": "Public",
    "Internal": "Internal",
    "Confidential": "Confidential",
    "Restricted": "Restricted",
}
"""What a result may say -> what a fact says, lowest first."""

_RULES: Final[tuple[tuple[str, re.Pattern[str], int], ...]] = (
    # No slash and no two separators in a row: a name is never a path and never climbs.
    ("name", re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*"), 128),
    ("artifact_type", re.compile(r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*"), 64),
    ("version", re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.(?:0|[1-9][0-9]{0,8})){2}"), 32),
    ("content_hash", re.compile(r"sha256:[0-9a-f]{64}"), 71),
    # Every segment begins with a letter or digit, so there is no '..', no '//' and no leading '/'.
    (
        "storage_ref",
        re.compile(r"(?:blob|s3)://[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)*", re.ASCII),
        500,
    ),
    ("classification", re.compile("|".join(CLASSIFICATIONS)), 16),
)


class Output(Protocol):
    """One artifact as a result reports it; the command's OutputArtifact is one."""

    @property
    def name(self) -> str:
        """Name, unique in the project."""
        ...

    @property
    def artifact_type(self) -> str:
        """Kind of artifact."""
        ...

    @property
    def version(self) -> str:
        """MAJOR.MINOR.PATCH."""
        ...

    @property
    def content_hash(self) -> str:
        """sha256:<64 hex digits> of the content."""
        ...

    @property
    def storage_ref(self) -> str:
        """Where the content lies in the artifact store."""
        ...

    @property
    def classification(self) -> str:
        """Public, Internal, Confidential or Restricted."""
        ...


def unfit_parts(output: Output, index: int) -> list[str]:
    """List the parts of one output that break their rule, one sentence each."""
    found = []
    for part, rule, longest in _RULES:
        value: str = getattr(output, part)
        if len(value) > longest or rule.fullmatch(value) is None:
            name = part.replace("_", " ")
            found.append(f"outputArtifacts/{index}: {name} {shown(value)} is not admitted")
    return found


def shown(value: str) -> str:
    """Give a value of a result as a finding may quote it: short, printable, on one line."""
    return repr(value[:FINDING_VALUE_CHARACTERS_MAX])
