"""The Governance decision feed: policy decisions and approvals, copied as they are to a topic of their own.

An ordinary Faust agent in a process of its own. Faust's driver reads uncommitted records unless the whole app is
exactly-once, so the driver is told to read committed ones (settled.md 28); a test that aborts transactions shows
it. A record is copied before its offset is committed, so an end in between copies it twice: repeats are dropped
by ``eventId``, also those of a former process, whose last copies are read at the start.
"""

import asyncio
import logging
import os
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, cast

import faust
from aiokafka import AIOKafkaConsumer
from confluent_kafka import Message
from faust.transport.drivers import aiokafka as driver
from yarl import URL

from schemas.codec import decode_envelope
from schemas.errors import PoisonError
from streams.clients import LogEnds
from streams.exits import DOUBT_EXIT, refusing
from streams.layout import Layout
from streams.observe.metrics import CountMetrics, registry_of
from streams.observe.pages import metrics_page, status_page
from streams.restore import read_committed
from streams.settings import Settings, from_environment
from streams.web import free_port
from topics import logs, naming
from topics.model import Party

log = logging.getLogger(__name__)

SOURCE: Final = naming.events_topic("governance")
SHOWN: Final = frozenset(
    {
        "PolicyDecisionRecorded",
        "ApprovalRequested",
        "ApprovalGranted",
        "ApprovalRejected",
        "ApprovalEscalated",
        "ApprovalConsumed",
        "ApprovalWithdrawn",
    }
)
"""Facts that Governance follows."""

APP_ID: Final = naming.client_prefix(Party.FEED)
"""Group of the feed's processes."""

BATCH_MAX: Final = 200
"""Most records copied at once."""
BATCH_S: Final = 0.05
"""How long a batch is filled, seconds."""

REMEMBERED_MAX: Final = 50_000
"""Most ids remembered; more than are copied between two commits of offsets, so that a restart meets no unknown one."""


_CONSUMER: Final = {
    "_isolation_level": "read_committed",
    # A feed may be a tenth of a second late; answering each commit at once costs the broker a fetch each.
    "_fetch_min_bytes": 65_536,
    "_fetch_max_wait_ms": 100,
}


class CommittedThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, reading committed records only."""

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # No setting of Faust reaches these; they are read when the consumer starts, after this.
        for name, value in _CONSUMER.items():
            if not hasattr(consumer, name):
                raise AssertionError(f"this aiokafka has no {name}")
            setattr(consumer, name, value)
        return consumer


class CommittedConsumer(driver.Consumer):
    """Faust's consumer with a thread that reads committed records."""

    def _new_consumer_thread(self) -> CommittedThread:
        return CommittedThread(self, loop=self.loop, beacon=self.beacon)


class CommittedTransport(driver.Transport):
    """Faust's transport with such a consumer."""

    Consumer = CommittedConsumer


class Seen:
    """The newest event ids that were copied."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def add(self, event_id: str) -> bool:
        """Note an id; tell whether it is new."""
        if event_id in self._ids:
            return False
        self._ids[event_id] = None
        if len(self._ids) > REMEMBERED_MAX:
            self._ids.popitem(last=False)
        return True

    def __len__(self) -> int:
        return len(self._ids)


def read_copied(settings: Settings, layout: Layout, seen: Seen) -> None:
    """Note what former processes copied last."""
    ends = LogEnds(settings)
    topic = layout.physical(naming.DECISION_FEED)
    places = [(topic, number) for number in range(layout.partitions)]
    first, last = ends.first(places), ends.end(places)
    share = REMEMBERED_MAX // layout.partitions
    starts = {place: max(first[place], last[place] - share) for place in places}

    def take(message: Message) -> None:
        seen.add(decode_envelope(message.value()).event_id)

    read_committed(settings, last, starts, take)


def feed_app(settings: Settings, layout: Layout, seen: Seen, port: int) -> faust.App:
    """Give the Faust app of the feed."""
    folder = settings.local / "faust" / "feed"
    folder.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        f"{layout.prefix}{APP_ID}",
        broker=f"kafka://{settings.bootstrap}",
        web_host=settings.web_host,
        web_port=port,
        datadir=str(folder),
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",
        # A process that died is replaced at once, not after its session's end.
        consumer_group_instance_id=f"feed-{settings.worker_name}",
        broker_session_timeout=settings.session_timeout_ms / 1000,
        broker_heartbeat_interval=1.0,
        broker_commit_interval=1.0,
        worker_redirect_stdouts=False,
    )
    app.transport = CommittedTransport([URL(f"kafka://{settings.bootstrap}")], app)
    source = app.topic(layout.physical(SOURCE), key_serializer="raw", value_serializer="raw")
    target = app.topic(
        layout.physical(naming.DECISION_FEED), key_serializer="raw", value_serializer="raw"
    )
    counts = {"copied": 0, "repeats": 0, "passedBy": 0}

    @app.agent(source)
    async def copy(stream: faust.types.StreamT[bytes]) -> None:
        batches = cast("faust.Stream[bytes]", stream).take_events(BATCH_MAX, within=BATCH_S)
        async for events in batches:
            await _copy(events, target, seen, counts)

    status_page(app, lambda: {"remembered": len(seen), **counts})
    metrics_page(app, registry_of(CountMetrics("factory_feed", counts)))
    return app


async def _copy(
    events: Sequence[faust.types.EventT[bytes]],
    target: faust.types.TopicT,
    seen: Seen,
    counts: dict[str, int],
) -> None:
    """Copy what is shown and no repeat; all copies are in the log before the batch is acknowledged.

    An exception in an agent would acknowledge the records, so any error ends the process instead.
    """
    try:
        chosen = [event for event in events if _is_new(event, seen, counts)]
        sent = [
            await target.send(
                key=event.key,
                value=event.value,
                partition=event.message.partition,
                headers=event.message.headers,
            )
            for event in chosen
        ]
        await asyncio.gather(*sent)
        counts["copied"] += len(chosen)
    except Exception:
        log.critical("the feed is in doubt and ends", exc_info=True)
        os._exit(DOUBT_EXIT)


def _is_new(event: faust.types.EventT[bytes], seen: Seen, counts: dict[str, int]) -> bool:
    """Tell whether a fact is shown and was not copied yet."""
    try:
        envelope = decode_envelope(event.value)
    except PoisonError:
        log.exception("a governance fact that cannot be read is passed by")
        counts["passedBy"] += 1
        return False
    if envelope.event_type not in SHOWN:
        counts["passedBy"] += 1
        return False
    is_new = seen.add(envelope.event_id)
    counts["repeats"] += not is_new
    return is_new


def run_feed(settings: Settings, layout: Layout) -> None:
    """Run the feed in this process until SIGTERM or SIGINT."""
    logs.configure(settings.log_level)
    for hosted in ("faust", "mode", "aiohttp", "aiokafka"):
        logging.getLogger(hosted).setLevel(logging.WARNING)
    seen = Seen()
    read_copied(settings, layout, seen)
    port = settings.web_port or free_port()
    log.info("feed: status at http://127.0.0.1:%d/", port)
    app = feed_app(settings, layout, seen, port)
    worker = faust.Worker(
        app, loglevel="WARN", override_logging=False, redirect_stdouts=False, quiet=True
    )
    worker.spinner = None  # its cursor codes would stand between two lines
    worker.execute_from_commandline()


if __name__ == "__main__":
    with refusing():
        run_feed(from_environment(), Layout())
