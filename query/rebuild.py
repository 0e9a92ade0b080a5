"""Build the views again from offset 0, into a new file beside the old one, and swap."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from query.feed import TOPICS, Feed, Offsets
from query.projector import Progress, Projector
from query.settings import Settings
from query.store import Store, StoreDoubtError, set_aside, wal_of
from query.visible import Visible

_SUFFIX: Final = ".rebuild"
_SHOWN_EVERY_S: Final = 0.5
_CLUSTER: Final = "cluster"


def rebuild(settings: Settings, show: Callable[[Progress], None]) -> Progress:
    """Build every view from the log as it stands now; give what was done. ``show`` is told the progress.

    The old file is held for the time, so that no query process starts on it; it stays as it was until the new one
    is whole, and a file that cannot be opened is replaced. Raises StoreLockedError and BrokerGoneError.
    """
    path = settings.database
    path.parent.mkdir(parents=True, exist_ok=True)
    target = path.with_name(path.name + _SUFFIX)
    old = _held(settings)
    for part in (target, wal_of(target)):
        with suppress(FileNotFoundError):
            part.unlink()
    try:
        progress = _build(settings, show)
    finally:
        if old is not None:
            old.close()
    with suppress(FileNotFoundError):
        wal_of(path).unlink()
    target.replace(path)
    return progress


def _held(settings: Settings) -> Store | None:
    """Hold the old file, or set it aside where it does not open."""
    try:
        return Store(settings.database, settings.memory_limit, settings.threads)
    except StoreDoubtError:
        set_aside(settings.database)
        return None


def _build(settings: Settings, show: Callable[[Progress], None]) -> Progress:
    offsets = Offsets(settings.bootstrap, settings.topic_prefix)
    target = settings.database.with_name(settings.database.name + _SUFFIX)
    store = Store(target, settings.memory_limit, settings.threads)
    try:
        store.set_property(_CLUSTER, offsets.cluster_id())
        goal = offsets.end(TOPICS)
        feed = Feed(settings.bootstrap, {}, goal, prefix=settings.topic_prefix)
        projector = Projector(store, feed, Visible())
        shown_at = time.monotonic()

        def is_done() -> bool:
            nonlocal shown_at
            if time.monotonic() - shown_at > _SHOWN_EVERY_S:
                shown_at = time.monotonic()
                show(projector.progress)
            return feed.has_caught_up

        projector.run(until=is_done)
    finally:
        store.close()
    show(projector.progress)
    return projector.progress
