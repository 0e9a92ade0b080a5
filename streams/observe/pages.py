"""The pages of a worker: status, metrics, health, readiness. They answer whatever the cycle does."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import faust
from faust.web import Request, Response, View
from prometheus_client import CollectorRegistry

from streams.engine import Engine
from streams.layout import Layout
from streams.observe.health import Verdict, health, readiness
from streams.observe.lag import InputLag
from streams.observe.metrics import CONTENT_TYPE, WorkerMetrics, page, registry_of
from streams.settings import Settings

HEALTH_SHARE: Final = 0.5
"""Part of a call's deadline (``wait_s``) after which a silent cycle is called unhealthy; the watchdog ends it later."""


def worker_pages(app: faust.App, settings: Settings, layout: Layout, engine: Engine) -> None:
    """Add a worker's pages to its host."""
    board = engine.board
    lag = InputLag(settings, layout, board)
    figures = WorkerMetrics(
        board,
        lag,
        pending_timers=engine.pending_timers,
        restore_progress=engine.restore_progress,
    )

    def alive() -> Verdict:
        return health(engine.silent_s, settings.wait_s * HEALTH_SHARE)

    def ready() -> Verdict:
        now = board.figures()
        return readiness(now.phase, len(now.positions), alive())

    status_page(app, lambda: {"worker": settings.worker_name, **board.document()})
    verdict_pages(app, alive, ready)
    metrics_page(app, registry_of(figures))


def status_page(app: faust.App, document: Callable[[], Mapping[str, object]]) -> None:
    """Add the page for people."""

    @app.page("/")
    async def status(view: View, _request: Request) -> Response:
        return view.json(document())


def verdict_pages(
    app: faust.App, alive: Callable[[], Verdict], ready: Callable[[], Verdict]
) -> None:
    """Add ``/healthz`` and ``/readyz``: 200, or 503 with the reason."""

    @app.page("/healthz")
    async def healthz(view: View, _request: Request) -> Response:
        return _said(view, alive())

    @app.page("/readyz")
    async def readyz(view: View, _request: Request) -> Response:
        return _said(view, ready())


def metrics_page(app: faust.App, registry: CollectorRegistry) -> None:
    """Add ``/metrics``; made in a thread, because it may wait for the broker."""

    @app.page("/metrics")
    async def metrics(view: View, _request: Request) -> Response:
        made = partial(page, registry)
        text = await asyncio.get_running_loop().run_in_executor(None, made)
        return view.bytes(text, headers={"Content-Type": CONTENT_TYPE})


def _said(view: View, verdict: Verdict) -> Response:
    return view.json(verdict.document(), status=verdict.status)
