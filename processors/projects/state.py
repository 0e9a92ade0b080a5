"""What projects keeps, and how a project moves from one status to the next."""

from typing import Final, Literal
from unicodedata import normalize

from schemas.messages.projects.state import Project, ProjectName

__all__ = ["TRANSITIONS", "Project", "ProjectName", "Status", "name_id"]

Status = Literal["Draft", "Initialized", "Active", "Paused", "Completed", "Archived"]

TRANSITIONS: Final[dict[str, tuple[Status, Status]]] = {
    # command: (from, to)
    "InitializeProject": ("Draft", "Initialized"),
}
"""The legal moves of this release; CreateProject puts a new project in Draft."""


def name_id(name: str) -> str:
    """Give the id under which a name is held: names that people read as one are one."""
    return normalize("NFC", name).casefold()
