"""The worker process: Faust hosts it (life cycle, signals, status page), the cycle runs beside it.

Faust's own Kafka side is switched off here: an ordinary agent in this process costs a factor of ten, and
``@app.service`` would wait for Faust's own group (runtime.md §4). Derived streams run in feed.py's process.
"""

import asyncio
import logging
from pathlib import Path
from typing import Final

import faust
import mode

from streams.engine import Engine
from streams.exits import refusing
from streams.layout import Layout
from streams.observe.pages import worker_pages
from streams.settings import Settings, from_environment
from streams.web import free_port, is_free
from streams.wiring import Rules, standard_rules
from topics import logs
from topics.collecting import collect_seldom

log = logging.getLogger(__name__)

_PORT_POLL_S: Final = 0.05
"""Time between two looks whether a predecessor has given its port up."""


class Runtime(mode.Service):
    """The engine as a service: started before the Faust app, stopped cleanly after it."""

    def __init__(self, engine: Engine, port: int) -> None:
        super().__init__()
        self._engine = engine
        self._port = port

    async def on_start(self) -> None:
        """Start the engine's thread; its pages come when a predecessor has given the port up."""
        self._engine.start()
        while not is_free(self._port):  # noqa: ASYNC110 - another process holds it, nothing tells of its end
            await asyncio.sleep(_PORT_POLL_S)

    async def on_stop(self) -> None:
        """Wait for the end of the running cycle, off the loop, so that the status page answers meanwhile."""
        await asyncio.get_running_loop().run_in_executor(None, self._engine.stop)


def host_app(settings: Settings, layout: Layout, engine: Engine, port: int) -> faust.App:
    """Give the Faust app that hosts the worker: web and timers only, no Kafka of its own."""
    app = faust.App(
        f"{settings.group}-host",
        broker=f"kafka://{settings.bootstrap}",
        web_host=settings.web_host,
        web_port=port,
        datadir=str(faust_folder(settings)),
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=0,
        worker_redirect_stdouts=False,
    )
    app.boot_strategy.enable_kafka = False
    worker_pages(app, settings, layout, engine)
    return app


def faust_folder(settings: Settings) -> Path:
    """Give the folder that Faust wants to own; nothing of ours is kept there."""
    return settings.local / "faust" / settings.worker_name


def run_worker(settings: Settings, layout: Layout, rules: Rules) -> None:
    """Run a worker in this process until SIGTERM or SIGINT; a doubt ends the process with status 70."""
    logs.configure(settings.log_level)
    for hosted in ("faust", "mode", "aiohttp"):
        logging.getLogger(hosted).setLevel(logging.WARNING)
    faust_folder(settings).mkdir(parents=True, exist_ok=True)
    engine = Engine(settings, layout, rules)
    port = settings.web_port or free_port()
    log.info("worker %s: status at http://127.0.0.1:%d/", settings.worker_name, port)
    app = host_app(settings, layout, engine, port)
    worker = faust.Worker(
        app,
        Runtime(engine, port if settings.ready_fd else 0),
        loglevel="WARN",
        override_logging=False,
        redirect_stdouts=False,
        quiet=True,
    )
    collect_seldom()
    worker.spinner = None  # its cursor codes would stand before the first line that follows them
    worker.execute_from_commandline()


if __name__ == "__main__":
    with refusing():
        run_worker(from_environment(), Layout(), standard_rules())
