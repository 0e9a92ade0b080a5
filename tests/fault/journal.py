"""The driver's journal: each command is on disk before it is sent, and again when the broker has answered (§6).

Read by ``factory verify --journal``: what was acknowledged and has no outcome is lost.
"""

import json
import os
import threading
import time
from pathlib import Path

from query.verify.journal import ACKNOWLEDGED, UNKNOWN
from topics.command import CommandRecord


class Journal:
    """Appends JSON lines; safe for several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.commands = 0
        self.acknowledged: set[str] = set()
        self.unknown: set[str] = set()
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8")

    def sent(self, record: CommandRecord) -> None:
        """Note a command that is about to be sent, and force that to disk."""
        with self._lock:
            self._write(record, "")
            os.fsync(self._file.fileno())
            self.commands += 1

    def answered(self, record: CommandRecord, *, acknowledged: bool) -> None:
        """Note whether the broker has acknowledged a command; where not, nobody knows what became of it."""
        with self._lock:
            self._write(record, ACKNOWLEDGED if acknowledged else UNKNOWN)
            (self.acknowledged if acknowledged else self.unknown).add(record.command_id)

    def _write(self, record: CommandRecord, event: str) -> None:
        line = {
            "commandId": record.command_id,
            "tenantId": record.tenant_id,
            "type": record.command_type,
            "event": event,
            "at": time.time(),
        }
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
