"""Health, readiness and figures of the query process: the projector's progress and how fresh the views are."""

from collections.abc import Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from query.api import Parts, create
from query.metrics import MetricsPage
from query.order import Partition
from query.projector import Progress
from query.watch import FRESH_S, HEALTHY_S, KEPT_S, Watch
from tests.unit.query.views import World

AUDIT = ("cp.tenancy.events.v1", 0)


class Log:
    """A log, a reader of it and a clock, in a test's hands."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.end: int | None = 0
        self.read = 0
        self.questions = 0
        self.progress = Progress(has_caught_up=True, moved_at=self.now)
        self.watch = Watch(self.progress, lambda: {AUDIT: self.read}, self.ends, lambda: self.now)

    def ends(self, _seconds: float) -> Mapping[Partition, int] | None:
        self.questions += 1
        return None if self.end is None else {AUDIT: self.end}

    def later(self, seconds: float, *, moves: bool = True) -> None:
        self.now += seconds
        if moves:
            self.progress.moved_at = self.now


def test_an_idle_projector_is_healthy_and_a_hung_one_is_not() -> None:
    log = Log()
    log.later(3600)
    assert log.watch.why_not_healthy() == ""
    log.later(HEALTHY_S + 1, moves=False)
    assert "no progress for 31 s" in log.watch.why_not_healthy()
    assert log.watch.why_not_ready() == log.watch.why_not_healthy()


def test_a_projector_that_has_ended_is_not_healthy() -> None:
    log = Log()
    log.progress.has_ended = True
    assert log.watch.why_not_healthy() == "The projector has ended."


def test_views_that_follow_a_moving_log_stay_ready() -> None:
    log = Log()
    for _ in range(50):
        log.end = (log.end or 0) + 100
        assert log.watch.why_not_ready() == ""
        log.later(KEPT_S)
        log.read = log.end - 1  # never at the end, always past what was asked about before
        log.end += 50
        log.read += 1


def test_views_that_lack_what_the_log_held_for_too_long_are_not_ready() -> None:
    log = Log()
    log.end, log.read = 100, 10
    assert log.watch.why_not_ready() == "", "it may have been written this instant"
    log.later(FRESH_S + 1)
    log.read = 99
    assert "what the log held 31 s ago" in log.watch.why_not_ready()
    log.read = 100
    assert log.watch.why_not_ready() == ""


def test_views_whose_freshness_nobody_knows_are_not_ready() -> None:
    log = Log()
    log.end = None
    assert "The broker does not say" in log.watch.why_not_ready()
    assert log.watch.why_not_healthy() == "", (
        "a broker that is away is no reason to be started again"
    )


@pytest.mark.parametrize("problem", ["The views cannot be written: disk full.", ""])
def test_a_problem_is_the_reason(problem: str) -> None:
    log = Log()
    log.progress.problem = problem
    assert log.watch.why_not_ready() == problem


def test_views_that_were_never_complete_are_not_ready() -> None:
    log = Log()
    log.progress.has_caught_up = False
    assert "have not caught up" in log.watch.why_not_ready()


def test_many_readers_cost_the_broker_one_question() -> None:
    log = Log()
    for _ in range(100):
        log.watch.behind()
    assert log.questions == 1
    log.later(KEPT_S)
    log.watch.behind()
    assert log.questions == 2


def test_the_page_shows_lag_by_topic_and_staleness() -> None:
    log = Log()
    log.end, log.read = 100, 40
    log.watch.behind()
    log.later(12)
    text = MetricsPage(log.progress, log.watch)().decode()
    found = {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["factory_projector_lag_records"] == 60
    assert found["factory_projector_stale_seconds"] == 12
    assert found["factory_projector_caught_up"] == 1


@pytest.mark.parametrize(
    ("unhealthy", "unready", "statuses"),
    [("", "", (200, 200)), ("", "why", (200, 503)), ("why", "why", (503, 503))],
)
def test_the_pages_give_503_with_the_reason(
    shown: World,
    monkeypatch: pytest.MonkeyPatch,
    unhealthy: str,
    unready: str,
    statuses: tuple[int, int],
) -> None:
    parts = Parts(
        views=shown.app.state.views,
        verifier=shown.app.state.verifier,
        laggard=shown,
        why_not_healthy=lambda: unhealthy,
        why_not_ready=lambda: unready,
        metrics=bytes,
    )
    monkeypatch.setattr(shown, "app", create(parts))
    answers = shown.send("GET", "/healthz"), shown.send("GET", "/readyz")
    assert tuple(answer.status_code for answer in answers) == statuses
    for answer in answers:
        assert answer.status_code == 200 or answer.json()["detail"] == "why"
