"""Kills of the query side while people read (F3, F4)."""

import threading
import time
from functools import partial
from typing import Any, Final

import httpx

from query.access import issue
from query.settings import keys_folder
from tests.fault.field import Field

READERS: Final = 4
TENANT: Final = "fault-a"
READY_SECONDS_MAX: Final = 60


class Readers:
    """Ask for the newest audit entries all the time; each answer must be one moment's, and none older than before."""

    def __init__(self, field: Field) -> None:
        token = issue(keys_folder(field.place.folder), TENANT, roles=frozenset({"Viewer"}))
        self._headers = {"Authorization": f"Bearer {token}"}
        self._url = f"{field.place.api}/api/v1/audit"
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._read, daemon=True) for _ in range(READERS)]
        self.newest = 0
        self.answers = 0
        self.wrong: list[str] = []
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._done.set()
        for thread in self._threads:
            thread.join(30)

    def _read(self) -> None:
        mine = 0
        while not self._done.wait(0.05):
            try:
                answer = httpx.get(self._url, headers=self._headers, timeout=5)
            except httpx.HTTPError:
                continue
            if answer.status_code == httpx.codes.OK:
                mine = self._judge(answer.json(), mine)

    def _judge(self, body: dict[str, Any], before: int) -> int:
        newest = int(body["asOf"]["sequence"])
        shown = [entry["sequence"] for entry in body["data"]]
        if newest < before:
            self.wrong.append(f"an answer of {newest} after one of {before}")
        if shown != list(range(newest, newest - len(shown), -1)):
            self.wrong.append(f"an answer of {newest} with {shown[:3]} and so on")
        self.newest = max(self.newest, newest)
        self.answers += 1
        return newest


def _more_than(readers: Readers, answers: int) -> bool:
    return readers.answers > answers


def kill_query(field: Field, times: int) -> None:
    """Kill -9 the query side again and again; at the end its rows are compared with the facts."""
    readers = Readers(field)
    try:
        for _ in range(times):
            field.until("readers are answered", partial(_more_than, readers, readers.answers + 20))
            since = field.place.kill_query()
            field.until("the query side is ready", field.place.is_ready, READY_SECONDS_MAX)
            field.account.took("kill -9 query side, ready", time.time() - since)
            field.hit()
    finally:
        readers.stop()
    field.account.note(f"{readers.answers} answers to readers around {times} kills")
    if readers.wrong:
        raise AssertionError(
            f"{len(readers.wrong)} answers were of no one moment: {readers.wrong[0]}"
        )
