"""The account on the screen: a thread that follows the committed events of some tenants and prints their lines."""

import threading
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Final, Self

from streams.run.narrate import sentence
from topics.consumer import EventConsumer
from topics.events import Event

POLL_SECONDS: Final = 0.1


class InOrder:
    """Gives a tenant's events in its own order: one transaction's facts lie on several topics and come as they come."""

    def __init__(self, newest: dict[str, int]) -> None:
        self._newest = newest
        self._early: dict[str, dict[int, Event]] = {}

    def add(self, event: Event) -> None:
        """Keep an event until those before it have come."""
        envelope = event.envelope
        if envelope.sequence is not None and envelope.sequence > self._newest.get(
            envelope.tenant_id, 0
        ):
            self._early.setdefault(envelope.tenant_id, {})[envelope.sequence] = event

    def take(self) -> list[Event]:
        """Give the events that follow without a hole."""
        ready = []
        for tenant_id, early in self._early.items():
            while (event := early.pop(self._newest.get(tenant_id, 0) + 1, None)) is not None:
                self._newest[tenant_id] = event.envelope.sequence or 0
                ready.append(event)
        return ready


def known_sequences(bootstrap: str, tenants: Collection[str]) -> dict[str, int]:
    """Give the newest sequence of each tenant's facts so far."""
    newest = dict.fromkeys(tenants, 0)
    for tenant_id in tenants:
        with EventConsumer(bootstrap=bootstrap, tenant_id=tenant_id).from_beginning() as events:
            for event in events.until_end():
                newest[tenant_id] = max(newest[tenant_id], event.envelope.sequence or 0)
    return newest


class Account:
    """Prints events as they are committed, and lets the story wait for one.

    ``print_line`` gets each sentence. Events of tenants not named are neither shown nor kept.
    """

    def __init__(
        self, bootstrap: str, tenants: Collection[str], print_line: Callable[[str], None]
    ) -> None:
        self._tenants = frozenset(tenants)
        self._print = print_line
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self.seen: list[Event] = []
        self._events = EventConsumer(bootstrap=bootstrap).from_now()
        self._order = InOrder(known_sequences(bootstrap, tenants))
        self._thread = threading.Thread(target=self._run, name="account", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            for event in self._events.poll(POLL_SECONDS):
                if event.envelope.tenant_id in self._tenants:
                    self._order.add(event)
            events = self._order.take()
            if not events:
                continue
            with self._changed:
                self.seen += events
                self._changed.notify_all()
            for event in events:
                line = sentence(event)
                if line is not None:
                    self._print(line)

    def wait_for(self, wanted: Callable[[Event], bool], seconds: float) -> Event | None:
        """Give the first event seen, or to come within ``seconds``, that is wanted; None if none comes."""

        def found() -> Event | None:
            return next((event for event in self.seen if wanted(event)), None)

        with self._changed:
            return self._changed.wait_for(found, timeout=seconds)

    def close(self) -> None:
        """Stop following."""
        self._stop.set()
        self._thread.join(timeout=5)
        self._events.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
