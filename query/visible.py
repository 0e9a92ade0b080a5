"""How far each tenant is visible, shared by the projector that moves it and the readers that wait for it."""

import threading
from collections.abc import Iterable, Mapping

from query.order import Head


class Visible:
    """Newest visible head of each tenant; moved after a commit only, so that who waited finds the rows."""

    def __init__(self, heads: Mapping[str, Head] | None = None) -> None:
        self._changed = threading.Condition()
        self._sequences = {tenant_id: head.sequence for tenant_id, head in (heads or {}).items()}
        self._waiters = 0

    @property
    def is_waited_for(self) -> bool:
        """Whether a reader waits for a sequence: then the projector commits what it has at once."""
        return self._waiters > 0

    def publish(self, heads: Iterable[Head]) -> None:
        """Move tenants forward and wake the readers."""
        with self._changed:
            for head in heads:
                self._sequences[head.tenant_id] = head.sequence
            self._changed.notify_all()

    def wait(self, tenant_id: str, sequence: int, seconds: float) -> bool:
        """Wait until the tenant is visible up to ``sequence``; False if the time ended first."""
        with self._changed:
            if self._sequences.get(tenant_id, 0) >= sequence:
                return True
            self._waiters += 1
            try:
                return self._changed.wait_for(
                    lambda: self._sequences.get(tenant_id, 0) >= sequence, timeout=seconds
                )
            finally:
                self._waiters -= 1
