"""Views built from a synthetic log, without Kafka, and the API over them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from query.access import Verifier, issue
from query.api import Parts, create
from query.decode import Raw
from query.operator_answers import Lag
from query.order import Partition
from query.projector import Projector
from query.reading import Views
from query.store import Store, open_store
from query.visible import Visible


class Tape:
    """Stands in for the feed: brings given records, batch by batch."""

    def __init__(self, raws: Sequence[Raw], batch: int = 2_000) -> None:
        self.left = list(raws)
        self.batch = batch
        self.paused: set[Partition] = set()
        self.has_caught_up = False

    def take(self, records_max: int, _age_s: Callable[[], float]) -> list[Raw]:
        size = min(self.batch, records_max)
        taken, self.left = self.left[:size], self.left[size:]
        self.has_caught_up = not self.left
        return taken

    def pause_only(self, places: set[Partition]) -> None:
        self.paused = places

    def publish(self, _positions: Mapping[Partition, int]) -> None:
        return

    def close(self) -> None:
        return


class World:
    """A store, its projector and its API."""

    def __init__(self, folder: Path, raws: Sequence[Raw], batch: int = 2_000) -> None:
        self.folder = folder
        self.keys = folder / "keys"
        self.store, self.reason = open_store(folder / "views.duckdb")
        self.visible = Visible(self.store.heads())
        self.tape = Tape(raws, batch)
        self.projector = Projector(self.store, self.tape, self.visible)  # type: ignore[arg-type]
        self.project()
        parts = Parts(
            views=Views(self.store, self.visible),
            verifier=Verifier(self.keys),
            laggard=self,
            why_not_healthy=str,
            why_not_ready=str,
            metrics=bytes,
        )
        self.app = create(parts)

    def project(self) -> None:
        """Take all that the tape has."""
        while self.tape.left:
            self.projector.step()

    def lag(self) -> Lag:
        return Lag(
            records_behind=0,
            held_records=self.projector.progress.held,
            missing={},
            newest_fact_at=None,
            problem=None,
            partitions=[],
        )

    def token(self, tenant: str, *roles: str) -> str:
        return issue(self.keys, tenant, roles=frozenset(roles or {"Viewer"}))

    def get(self, path: str, tenant: str = "acme", *roles: str, **query: object) -> httpx.Response:
        """Ask as the tenant, in the roles given (a Viewer where none is)."""
        headers = {"Authorization": f"Bearer {self.token(tenant, *roles)}"}
        return self.send("GET", "/api/v1" + path, headers=headers, params=query)

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request as it is."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    def rows(self, store: Store | None = None) -> dict[str, int]:
        """Give the number of audit rows by tenant."""
        return {t: h.sequence for t, h in (store or self.store).heads().items()}

    def close(self) -> None:
        self.store.close()
