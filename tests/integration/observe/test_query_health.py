"""Readiness of the query side on real Kafka: views whose freshness nobody knows are not ready, and are again later."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.fault.site import until
from tests.integration.observe.conftest import Observed
from tests.integration.observe.pages import ask, metric

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(200)]


@contextmanager
def frozen(process: int) -> Iterator[None]:
    """Let a process do nothing for a while."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def test_views_are_not_ready_while_the_broker_is_silent_and_the_process_stays_healthy(
    observed: Observed,
) -> None:
    api, worker = observed.plant.site.api, observed.worker
    until("the views are ready", lambda: ask(f"{api}/readyz").status == 200, 30)
    with frozen(observed.broker):
        until("the views are not ready", lambda: ask(f"{api}/readyz").status == 503, 30)
        assert "The broker does not say" in ask(f"{api}/readyz").text
        assert ask(f"{api}/healthz").status == 200
        figures = ask(f"{worker}/metrics").text
        assert metric(figures, "factory_broker_answers") == 0
        assert metric(ask(f"{api}/metrics").text, "factory_broker_answers") == 0
    until("the views are ready again", lambda: ask(f"{api}/readyz").status == 200, 60)
    until("the worker is ready again", lambda: ask(f"{worker}/readyz").status == 200, 60)


def test_the_views_say_what_they_have_read_and_that_nothing_is_behind(observed: Observed) -> None:
    api = f"{observed.plant.site.api}/metrics"
    until(
        "nothing is behind", lambda: metric(ask(api).text, "factory_projector_lag_records") == 0, 30
    )
    figures = ask(api).text
    assert metric(figures, "factory_projector_records_total") > 50
    assert metric(figures, "factory_projector_stale_seconds") == 0
