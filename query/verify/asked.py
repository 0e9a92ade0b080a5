"""What the API answers, for the comparison of the views with the log."""

import time
from collections.abc import Iterator
from typing import Final

from query.client import Api
from query.verify.views import Group, Row, Sum

_PAGE: Final = 5_000
_WAIT_S: Final = 30.0
_POLL_S: Final = 0.2


class Asked:
    """Asks as an operator, and gives the views the time to see what the log holds: ``wait_s`` in all."""

    def __init__(self, api: Api, wait_s: float = _WAIT_S) -> None:
        self._api = api
        self._left_s = wait_s

    def rows(self, tenant_id: str, up_to: int) -> Iterator[Row]:
        """Give the audit rows 1…``up_to``; fewer where the views did not get there in time."""
        self._await(tenant_id, up_to)
        path = f"/tenants/{tenant_id}/events"
        for row in self._api.rows(path, page_size=_PAGE, upTo=up_to):
            yield Row(row["sequence"], row["eventId"], row["position"])

    def _await(self, tenant_id: str, up_to: int) -> None:
        """Wait until the views show the tenant up to the sequence, or the time of all tenants is over."""
        begun = time.monotonic()
        while self._newest(tenant_id) < up_to and time.monotonic() < begun + self._left_s:
            time.sleep(_POLL_S)
        self._left_s = max(0.0, self._left_s - (time.monotonic() - begun))

    def _newest(self, tenant_id: str) -> int:
        page = self._api.get("/tenants", page_size=1, of=tenant_id)["data"]
        return int(page[0]["sequence"]) if page else 0

    def rollup(self, tenant_id: str, up_to: int) -> dict[Group, Sum]:
        """Give the sums of usage by group, of facts up to the sequence."""
        path = f"/tenants/{tenant_id}/usage"
        return {
            Group(
                row["day"],
                row["projectId"],
                row["workflowInstanceId"],
                row["agentId"],
                row["skill"],
                row["model"],
                row["dimension"],
            ): Sum(row["quantity"], row["costMicros"])
            for row in self._api.rows(path, page_size=_PAGE, upTo=up_to)
        }
