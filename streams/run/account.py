"""The account on the screen: a thread that follows the committed events of some tenants and prints their lines."""

import threading
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Final, Self

from streams.run.narrate import sentence
from topics.consumer import EventConsumer
from topics.events import Event

POLL_SECONDS: Final = 0.1


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
        self._thread = threading.Thread(target=self._run, name="account", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            events = [
                e for e in self._events.poll(POLL_SECONDS) if e.envelope.tenant_id in self._tenants
            ]
            if not events:
                continue
            # One transaction's facts lie on several topics: a batch is shown in the tenant's own order.
            events.sort(key=lambda e: (e.envelope.tenant_id, e.envelope.sequence or 0))
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
