"""How a route reads: as one tenant, at one moment, after the wait that was asked for.

A route never sees the store: it gets a ``Reading`` that is scoped to the caller's tenant, so that the rows of another
cannot be spelled (reliability.md §8).
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from query.access import Caller
from query.answers import Answer, AsOf, One, Page, Row
from query.filters import Freshness, Paged, page_token, place_of
from query.problems import Problem, not_found
from query.settings import WAITERS_AT_ONCE
from query.store import Snapshot, Store, StoreBusyError
from query.visible import Visible

Data = TypeVar("Data", bound=Answer)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list question: its file, what a row becomes, and the columns (with types) that its order goes by."""

    name: str
    key: tuple[str, ...]
    kinds: tuple[type, ...] = (int,)


class Reading:
    """One tenant at one moment."""

    def __init__(self, snapshot: Snapshot, tenant_id: str) -> None:
        self._snapshot = snapshot
        self.tenant_id = tenant_id
        head = self.rows("head")
        self.as_of = AsOf.model_validate(head[0] if head else {"sequence": 0})

    def rows(self, name: str, /, **parameters: object) -> list[Row]:
        """Give the rows of a question; the tenant is always the caller's."""
        return self._snapshot.ask(name, {**parameters, "tenant_id": self.tenant_id})

    def one(self, name: str, /, **parameters: object) -> Row:
        """Give the one row of a question; Problem NOT_FOUND where there is none."""
        rows = self.rows(name, **parameters)
        if not rows:
            raise not_found()
        return rows[0]

    def page(
        self, listing: Listing, asked: Paged, /, **parameters: object
    ) -> tuple[list[Row], str | None]:
        """Give the rows of a page and the token of the next, None on the last."""
        place = place_of(asked.page_token, listing.key, listing.kinds)
        given: Mapping[str, Any] = {**asked.parameters(), **parameters, **place}
        rows = self.rows(listing.name, row_limit=asked.page_size + 1, **given)
        if len(rows) <= asked.page_size:
            return rows, None
        rows = rows[: asked.page_size]
        return rows, page_token([rows[-1][column] for column in listing.key])


class Views:
    """The views, for callers who have shown who they are."""

    def __init__(self, store: Store, visible: Visible) -> None:
        self._store = store
        self._visible = visible
        self._waiters: Final = threading.BoundedSemaphore(WAITERS_AT_ONCE)

    @contextmanager
    def reading(self, caller: Caller, asked: Freshness) -> Iterator[Reading]:
        """Give the caller's tenant at one moment, not before ``minSequence`` is visible.

        Raises Problem NOT_YET_VISIBLE, StoreBusyError and QueryDeadlineError.
        """
        if asked.min_sequence:
            self._wait(caller.tenant_id, asked)
        with self._store.reading() as snapshot:
            yield Reading(snapshot, caller.tenant_id)

    def _wait(self, tenant_id: str, asked: Freshness) -> None:
        if self._visible.wait(tenant_id, asked.min_sequence, 0):
            return
        if not self._waiters.acquire(blocking=False):
            raise StoreBusyError
        try:
            reached = self._visible.wait(tenant_id, asked.min_sequence, asked.wait)
        finally:
            self._waiters.release()
        if not reached:
            raise Problem(
                "NOT_YET_VISIBLE",
                f"Sequence {asked.min_sequence} is not visible yet; ask again.",
                headers={"Retry-After": "1"},
            )

    def page(
        self,
        caller: Caller,
        asked: Paged,
        listing: Listing,
        answer: type[Data],
        **parameters: object,
    ) -> Page[Data]:
        """Answer a list question whole."""
        with self.reading(caller, asked) as reading:
            rows, token = reading.page(listing, asked, **parameters)
            return Page[answer](  # type: ignore[valid-type]
                data=[answer.model_validate(row) for row in rows],
                next_page_token=token,
                as_of=reading.as_of,
            )

    def one(
        self, caller: Caller, asked: Freshness, name: str, answer: type[Data], **parameters: object
    ) -> One[Data]:
        """Answer a question of one row; Problem NOT_FOUND where there is none."""
        with self.reading(caller, asked) as reading:
            row = reading.one(name, **asked.parameters(), **parameters)
            return One[answer](data=answer.model_validate(row), as_of=reading.as_of)  # type: ignore[valid-type]
