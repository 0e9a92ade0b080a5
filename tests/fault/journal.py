"""The driver's journal: every command is on disk before it is sent (reliability.md §6)."""

import json
import os
import threading
import time
from pathlib import Path

from topics.command import CommandRecord


class Journal:
    """Appends JSON lines and forces each to disk; safe for several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.commands = 0
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8")

    def write(self, record: CommandRecord) -> None:
        """Note a command that is about to be sent."""
        line = json.dumps({
            "commandId": record.command_id,
            "tenantId": record.tenant_id,
            "type": record.command_type,
            "at": time.time(),
        })  # fmt: skip
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
            self.commands += 1

    def close(self) -> None:
        """Close the file."""
        self._file.close()
