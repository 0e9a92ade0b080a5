"""Disks that are full: under the views, under the breadcrumb, under the broker's log (F17, F18)."""

import time
from functools import partial
from typing import Final

import httpx

from query.access import issue
from query.settings import keys_folder
from streams.breadcrumb import REFUSED
from tests.fault.field import Field
from tests.fault.site import WORKERS

TENANT: Final = "fault-a"
VICTIM: Final = WORKERS[1]
FULL: Final = "The views cannot be written"


def full_views(field: Field, times: int) -> None:
    """Fill the disk under the views: the API answers of what it has, and goes on when there is room."""
    for _ in range(times):
        said = field.place.said("query", FULL)
        field.disks.fill("query")
        field.until("the views say that they cannot be written", partial(_says_full, field, said))
        before = _as_of(field)
        field.more(10)
        if _as_of(field) != before:
            raise AssertionError("the views moved on a full disk")
        field.disks.free("query")
        since = time.time()
        field.until("the views go on", partial(_is_beyond, field, before))
        field.account.took("views go on after there is room", time.time() - since)
        field.hit()


def _says_full(field: Field, often: int) -> bool:
    return field.place.said("query", FULL) > often


def _is_beyond(field: Field, sequence: int) -> bool:
    return _as_of(field) > sequence


def _as_of(field: Field) -> int:
    """Ask the API how far a tenant's views are."""
    token = issue(keys_folder(field.place.folder), TENANT, roles=frozenset({"Viewer"}))
    answer = httpx.get(f"{field.place.api}/api/v1/audit", timeout=10,
                       headers={"Authorization": f"Bearer {token}"})  # fmt: skip
    return int(answer.raise_for_status().json()["asOf"]["sequence"])


def full_breadcrumbs(field: Field, times: int) -> None:
    """Let a worker start where its breadcrumb has no room: it refuses, says so, and the other goes on alone."""
    place = field.place
    for _ in range(times):
        since = time.time()
        place.stop(VICTIM)
        (place.folder / "breadcrumbs" / VICTIM).unlink()
        field.disks.fill("breadcrumbs", 0)
        place.start_worker(VICTIM)
        status = place.members[VICTIM].process.wait(90)
        if status == 0 or not place.said(VICTIM, REFUSED):
            raise AssertionError(f"the worker ended with {status} and did not say why")
        field.healed("full disk under a breadcrumb", since)
        field.disks.free("breadcrumbs")
        place.forget(VICTIM)
        place.start_worker(VICTIM)
        place.wait_for_workers()
        field.hit()


def full_broker(field: Field, times: int) -> None:
    """Fill the disk under the broker's log until the broker ends; with room again it starts and lacks nothing."""
    for _ in range(times):
        field.disks.fill("kafka/data")
        field.until("the broker ends", lambda: not field.broker.is_running())
        field.disks.free("kafka/data")
        since = time.time()
        field.broker.start()
        field.healed("full disk under the broker, after there is room", since)
        field.place.wait_for_workers()
        field.hit()
