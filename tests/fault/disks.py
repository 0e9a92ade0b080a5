"""Small disks that can be full: a tmpfs for the broker's log, for the views and for the breadcrumbs (F17, F18)."""

import os
import subprocess
from pathlib import Path
from typing import Final

ROOM: Final = "1g"
FOLDERS: Final = ("kafka/data", "query", "breadcrumbs")
LEFT_BYTES: Final = 65_536
"""What a full disk has left: files that exist may still grow by a page or two, as on any disk that is called full."""
TRIES: Final = 50


class SmallDisks:
    """A disk of its own for each folder of a site."""

    def __init__(self, site: Path) -> None:
        self._site = site
        self._mounted: list[Path] = []

    def mount(self) -> None:
        """Mount them; needs root. Raises OSError."""
        for name in FOLDERS:
            folder = self._site / name
            folder.mkdir(parents=True, exist_ok=True)
            _mount("-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder))
            self._mounted.append(folder)

    def fill(self, name: str, left: int = LEFT_BYTES) -> None:
        """Leave so many bytes of room."""
        for last in (*(TRIES - 1) * [False], True):
            state = os.statvfs(self._site / name)
            used = (state.f_blocks - state.f_bfree) * state.f_frsize
            try:
                _mount("-o", f"remount,size={used + left}", str(self._site / name))
            except OSError:
                # More was written meanwhile than would be left.
                if last:
                    raise
            else:
                return

    def free(self, name: str) -> None:
        """Give the room back."""
        _mount("-o", f"remount,size={ROOM}", str(self._site / name))

    def unmount(self) -> None:
        """Take them away with all that lies on them."""
        for folder in reversed(self._mounted):
            subprocess.run(["umount", "--lazy", str(folder)], check=False)
        self._mounted.clear()


def _mount(*arguments: str) -> None:
    ended = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise OSError(ended.stderr.strip())
