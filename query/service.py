"""The query process: one owner of the file, a projector thread that moves it, an API that reads it.

Start-up checks the file against the log: another cluster, or a position that the log does not have, is a doubt, and
the file is set aside and built again (reliability.md R4). If the projector ends by a defect the process ends too,
for its supervisor to start it again.
"""

import gc
import logging
import signal
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import uvicorn

from query.access import Verifier
from query.api import Parts, create
from query.feed import TOPICS, BrokerGoneError, Feed, LogChangedError, Offsets
from query.headers import secured
from query.metrics import MetricsPage
from query.operator_answers import Lag, PartitionLag
from query.order import Partition
from query.problems import Problem
from query.projector import Projector
from query.reading import Views
from query.settings import Settings
from query.store import Store, open_store, set_aside
from query.visible import Visible
from query.watch import Watch
from schemas.output import OperatorError
from topics.collecting import collect_seldom
from topics.logs import said

_LOG: Final = logging.getLogger(__name__)
TOPICS_WAIT_S: Final = 60.0
"""How long a start waits for the topics to be provisioned."""
_STOP_S: Final = 10.0
_CLUSTER: Final = "cluster"


def doubt_about(store: Store, offsets: Offsets) -> str:
    """Give why the file does not belong to this log, as a sentence; empty where it does. Raises BrokerGoneError."""
    known, cluster = store.properties().get(_CLUSTER), offsets.cluster_id()
    if known not in {None, cluster}:
        return f"it was built from cluster {known}, the broker is {cluster}"
    return _doubt_about_positions(store.positions(), offsets.first(TOPICS), offsets.end(TOPICS))


def _doubt_about_positions(
    stored: Mapping[Partition, int], first: Mapping[Partition, int], end: Mapping[Partition, int]
) -> str:
    for place, position in stored.items():
        if place in end and not first[place] <= position <= end[place]:
            topic, partition = place
            return (
                f"it stands at {topic}:{partition}:{position}, "
                f"the log holds {first[place]} to {end[place]}"
            )
    return ""


def open_checked(settings: Settings, offsets: Offsets) -> Store:
    """Open the file for this log; where there is any doubt it is set aside and a new one begun."""
    path = settings.database
    store, reason = open_store(path, settings.memory_limit, settings.threads)
    if not reason and (reason := doubt_about(store, offsets)):
        store.close()
        set_aside(path)
        store, _ = open_store(path, settings.memory_limit, settings.threads)
    if reason:
        _LOG.warning("The views in %s were set aside: %s. They are built again.", path, reason)
    store.set_property(_CLUSTER, offsets.cluster_id())
    return store


class Service:
    """Everything of the query process, put together; ``run`` serves until a signal or a defect."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._offsets = Offsets(settings.bootstrap, settings.topic_prefix)
        self._offsets.wait_for(TOPICS, TOPICS_WAIT_S)
        self.store = open_checked(settings, self._offsets)
        self._visible = Visible(self.store.heads())
        self._feed = Feed(
            settings.bootstrap,
            self.store.positions(),
            self._offsets.end(TOPICS),
            prefix=settings.topic_prefix,
        )
        self.projector = Projector(self.store, self._feed, self._visible)
        self._thread = threading.Thread(target=self._project, name="projector", daemon=True)
        self._server: uvicorn.Server | None = None
        self._defect: Exception | None = None
        watch = Watch(
            self.projector.progress,
            lambda: dict(self._feed.next_offsets),
            lambda seconds: self._offsets.end_within(TOPICS, seconds),
        )
        self.app = create(
            Parts(
                views=Views(self.store, self._visible),
                verifier=Verifier(settings.keys),
                laggard=self,
                why_not_healthy=watch.why_not_healthy,
                why_not_ready=watch.why_not_ready,
                metrics=MetricsPage(self.projector.progress, watch),
            )
        )

    # -- what the API asks ---------------------------------------------------------------------------
    def lag(self) -> Lag:
        """Give the lag of every partition now. Raises Problem NOT_READY where the broker does not answer."""
        try:
            ends = self._offsets.end(TOPICS)
        except BrokerGoneError as error:
            raise Problem("NOT_READY", "The broker does not answer.") from error
        progress = self.projector.progress
        read = dict(self._feed.next_offsets)
        partitions = [
            PartitionLag(
                topic=topic,
                partition=partition,
                next_offset=read.get((topic, partition), 0),
                end_offset=end,
                lag=max(0, end - read.get((topic, partition), 0)),
            )
            for (topic, partition), end in sorted(ends.items())
        ]
        return Lag(
            records_behind=sum(partition.lag for partition in partitions),
            held_records=progress.held,
            missing=dict(progress.missing),
            newest_fact_at=None,
            problem=progress.problem or None,
            partitions=partitions,
        )

    # -- running -------------------------------------------------------------------------------------
    def start(self) -> None:
        """Begin to project; the API may be served or called from then on."""
        self._thread.start()

    def _project(self) -> None:
        try:
            self.projector.run()
        except (OperatorError, LogChangedError) as error:
            self._end(error)
        except Exception as error:  # noqa: BLE001 - the top of the thread: whatever it is, the process ends by it
            _LOG.exception("The projector ended by a defect.")
            self._end(error)

    def _end(self, error: Exception) -> None:
        self._defect = error
        self.projector.progress.problem = str(error)
        if self._server is not None:
            self._server.should_exit = True

    def run(self) -> None:
        """Serve until a signal. Raises OperatorError where the projector ended by itself."""
        listener = self._listen()
        host, port = listener.getsockname()[:2]
        config = uvicorn.Config(
            secured(self.app),
            log_level="warning",
            access_log=False,
            log_config=None,  # by this process's own form
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=5,
        )
        self._server = uvicorn.Server(config)
        for number in (signal.SIGTERM, signal.SIGINT):
            # The server ends at a signal and then raises it again for who was there before: that must not end
            # the process before the file is closed.
            signal.signal(number, lambda _number, _frame: None)
        collect_seldom()  # each time cost a tenth of the projector's CPU
        self.start()
        url = self._settings.url_file
        url.parent.mkdir(parents=True, exist_ok=True)
        partial = url.with_suffix(".partial")
        partial.write_text(f"http://{host}:{port}\n", encoding="utf-8")
        partial.rename(url)
        try:
            self._server.run(sockets=[listener])
        finally:
            with suppress(FileNotFoundError):
                url.unlink()
            self.stop()
            gc.unfreeze()
        if self._defect is not None:
            raise OperatorError(f"The projector ended: {said(self._defect)}")

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._settings.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._settings.host, self._settings.port))
        except OSError as error:
            listener.close()
            raise OperatorError(
                f"Port {self._settings.port} of {self._settings.host} is not free "
                f"({error.strerror}): set FACTORY_API_PORT to another."
            ) from error
        return listener

    def stop(self) -> None:
        """End the projector after its batch and close the file."""
        self.projector.stop()
        if self._thread.ident is not None:
            self._thread.join(_STOP_S)
        self.store.close()
