"""A worker's name, held by one process at a time: two of one name would fence each other in turn for ever.

On one machine a locked file in the local folder says so; the kernel frees it with the process, however it ended.
Elsewhere the group says so: a member of this name whose id this folder did not note is somebody else's. A dead member
looks alive until its session ends, so a stranger is refused for only if it is still there when a session has passed;
the member that this folder noted is our former self, which is gone, because its lock is ours (README.md, ADR 9).
"""

import fcntl
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, MemberDescription

from schemas.output import OperatorError
from streams.clients import SOFT, again
from streams.settings import Settings
from topics.provision import admin_client

LOCK_WAIT_S: Final = 2.0
"""How long the kernel may take to end a process that was just killed."""
BEYOND_SESSION_S: Final = 1.0
"""How much later than its session's end a dead member may still be told of."""
POLL_S: Final = 0.1
FIRST_ANSWER_S: Final = 0.5
"""How long the first question about the group may take; each later one twice as long."""
CLIENT_WAIT_S: Final = 3600
"""Time-out of a question that is given up by us; the longest that the client takes."""
_NO_GROUP: Final = frozenset({KafkaError.GROUP_ID_NOT_FOUND})
_NO_ANSWER: Final = frozenset({KafkaError._TIMED_OUT})  # noqa: SLF001 - librdkafka's name

FindMember = Callable[[], MemberDescription | None]
"""Gives the group's member of this worker's name, None where there is none."""


class Identity:
    """The name of this worker; ``beat`` is called while it waits."""

    def __init__(
        self,
        settings: Settings,
        beat: Callable[[], None],
        find_member: FindMember | None = None,
    ) -> None:
        self._name = settings.worker_name
        self._session_s = settings.session_timeout_ms / 1000
        self._beat = beat
        self._find = find_member or GroupMembers(settings).of_this_name
        self._path = lock_path(settings.local, settings.worker_name)
        self._file: IO[str] | None = None
        self._former = ""

    def claim(self) -> None:
        """Hold the name on this machine until this process ends. Raises OperatorError where another process does."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("a+", encoding="utf-8")
        self._lock(self._file)
        self._former = _text(_read(self._path).get("member"))
        self.note(self._former)

    def _lock(self, file: IO[str]) -> None:
        deadline = time.monotonic() + LOCK_WAIT_S
        while not _try_lock(file):
            if time.monotonic() > deadline:
                holder = _read(self._path).get("pid", "unknown")
                self.release()
                raise OperatorError(
                    f"A worker named {self._name} runs already as process {holder} (it holds {self._path}): "
                    "end that one first, or start this one under another --name."
                )
            time.sleep(POLL_S)

    def await_others_end(self) -> None:
        """Return once the group has no member of this name but our former self. Raises OperatorError."""
        deadline = time.monotonic() + self._session_s + BEYOND_SESSION_S
        while (member := self._find()) is not None and member.member_id != self._former:
            self._beat()
            if time.monotonic() > deadline:
                raise OperatorError(
                    f"A worker named {self._name} runs already at {member.host.lstrip('/')} (group member "
                    f"{member.member_id}): end that one first, or start this one under another --name."
                )
            time.sleep(POLL_S)

    def note(self, member_id: str) -> None:
        """Note the group's id of this process, so that the next one here knows that this member is gone."""
        if self._file is None:
            raise AssertionError("a name is claimed before a member of it is noted")
        text = json.dumps({"pid": os.getpid(), "member": member_id})
        self._file.seek(0)
        self._file.truncate()
        self._file.write(text)
        self._file.flush()

    def release(self) -> None:
        """Let the name go; what was noted stays."""
        if self._file is not None:
            self._file.close()
            self._file = None


def lock_path(local: Path, name: str) -> Path:
    """Give the file that the worker of that name locks."""
    return local / "workers" / f"{name}.lock"


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _read(path: Path) -> dict[str, object]:
    """Give what the file notes; nothing where a process died while it wrote."""
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return noted if isinstance(noted, dict) else {}


class GroupMembers:
    """Asks the workers' group who its members are; joins nothing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def of_this_name(self) -> MemberDescription | None:
        """Give the member of this worker's name.

        Raises KafkaException or TimeoutError where the broker does not say it in time.
        """
        members = again(self._patiently, self._settings.wait_s, SOFT)
        named = self._settings.worker_name
        return next((member for member in members if member.group_instance_id == named), None)

    def _patiently(self) -> list[MemberDescription]:
        """Ask, and ask anew where no answer comes: librdkafka loses the very first question of a new broker.

        It makes the topic that groups are kept in, and the answer to it never came, even in 30 s.
        """
        end, wait_s = time.monotonic() + self._settings.wait_s, FIRST_ANSWER_S
        while True:
            try:
                return self._members(wait_s)
            except TimeoutError:
                wait_s *= 2
                if time.monotonic() + wait_s > end:
                    raise

    def _members(self, wait_s: float) -> list[MemberDescription]:
        group = self._settings.group
        # librdkafka aborts the process where this request's own time-out meets a late answer (its issue 4605; seen
        # behind a link of 300 ms): so the client is let wait, and thrown away with the question when we do not.
        admin: AdminClient = admin_client(self._settings.bootstrap)
        asked = admin.describe_consumer_groups([group], request_timeout=CLIENT_WAIT_S)
        try:
            members: list[MemberDescription] = asked[group].result(wait_s).members
        except KafkaException as error:
            code = error.args[0].code()
            if code in _NO_GROUP:
                return []
            if code in _NO_ANSWER:
                raise TimeoutError from error
            raise
        return members
