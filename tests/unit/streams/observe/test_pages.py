"""Metrics, health and readiness: what the pages say, and that they say it in the standard's form."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from prometheus_client.parser import text_string_to_metric_families

from streams.figures import Board
from streams.observe.health import health, readiness
from streams.observe.metrics import WorkerMetrics, page, registry_of
from streams.observe.probe import main, probe
from tests.unit.streams.test_decide import a_bench, marbles
from topics import naming

Sample = tuple[str, tuple[tuple[str, str], ...]]


def scraped(board: Board, lag: dict[str, int] | None) -> dict[Sample, float]:
    """Give what Prometheus reads."""
    figures = WorkerMetrics(
        board, lambda: lag, pending_timers=lambda: 7, restore_progress=lambda: (30, 40)
    )
    text = page(registry_of(figures)).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def a_cycle(board: Board, count: int = 2, **changes: float) -> None:
    work = a_bench().run(*(marbles(number, number + 1) for number in range(-1, count)))
    board.add(cycles=1, records=work.records)
    times = {"decide_s": 0.003, "commit_s": 0.004, "wait_s": 0.02, **changes}
    board.cycle(records=work.records, outcomes=[work.outcomes], **times)


def test_a_scrape_shows_size_time_refusals_and_tenants_of_what_was_decided() -> None:
    board = Board()
    a_cycle(board)
    found = scraped(board, {naming.COMMANDS: 3})
    assert found["factory_worker_cycles_total", ()] == 1
    assert found["factory_cycle_records_sum", ()] == 3
    assert found["factory_commit_seconds_bucket", (("le", "0.005"),)] == 1
    assert found["factory_commit_seconds_bucket", (("le", "0.0025"),)] == 0
    assert found["factory_refusals_total", (("code", "INVALID_STATE"),)] == 1
    of_acme = {
        outcome: found["factory_tenant_outcomes_total", (("outcome", outcome), ("tenant", "acme"))]
        for outcome in ("accepted", "refused")
    }
    assert of_acme == {"accepted": 1, "refused": 1}, "the third was silent"
    assert found["factory_input_lag_records", (("topic", naming.COMMANDS),)] == 3
    assert found["factory_timers_pending", ()] == 7
    assert found["factory_restore_read_offsets", ()] == 30
    assert found["factory_restore_expected_offsets", ()] == 40
    assert found["process_cpu_seconds_total", ()] > 0


def test_a_broker_that_says_nothing_is_said_and_no_lag_is_made_up() -> None:
    found = scraped(Board(), None)
    assert found["factory_broker_answers", ()] == 0
    assert not [name for name, _ in found if name == "factory_input_lag_records"]


def test_any_number_of_tenants_gives_a_bounded_page() -> None:
    board = Board()
    for number in range(500):
        one = {(f"t{number}", "FORBIDDEN"): 1}
        board.cycle(records=1, decide_s=0, commit_s=0, wait_s=0, outcomes=[one])
    shown = {labels for name, labels in scraped(board, {}) if name.startswith("factory_tenant_")}
    assert len(shown) == 2 * 21


def test_a_phase_is_one_of_three() -> None:
    board = Board()
    board.update(phase="restoring")
    found = scraped(board, {})
    phases = {
        name: found["factory_worker_phase", (("phase", name),)]
        for name in ("starting", "restoring", "running")
    }
    assert phases == {"starting": 0, "restoring": 1, "running": 0}


@pytest.mark.parametrize(("silent", "status"), [(0.0, 200), (14.9, 200), (15.1, 503)])
def test_health_is_the_progress_of_the_cycle(silent: float, status: int) -> None:
    verdict = health(silent, 15.0)
    assert verdict.status == status
    assert ("no progress for 15 s" in verdict.reason) is (status == 503)


@pytest.mark.parametrize("phase", ["starting", "restoring"])
def test_a_worker_that_has_not_restored_is_not_ready_and_says_so(phase: str) -> None:
    verdict = readiness(phase, 0, health(0, 15))
    assert (verdict.status, verdict.reason) == (503, f"The worker is {phase}.")


def test_a_hung_worker_is_not_ready_either() -> None:
    assert readiness("running", 8, health(60, 15)).status == 503
    assert readiness("running", 8, health(0, 15)).status == 200


@contextmanager
def answering(status: int, said: str) -> Iterator[str]:
    """Give the port of a page that answers so."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield str(server.server_port)
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("status", "is_well"), [(200, True), (503, False)])
def test_the_probe_says_what_the_page_says(status: int, is_well: bool) -> None:
    with answering(status, "the reason") as port:
        assert probe("healthz", {"FACTORY_WORKER_PORT": port}) == (is_well, "the reason")
        assert probe("readyz", {"FACTORY_API_PORT": port})[0] is is_well


def test_the_probe_of_a_process_that_is_gone_fails_and_of_one_without_a_page_holds() -> None:
    assert probe("healthz", {"FACTORY_WORKER_PORT": "1"})[0] is False
    assert probe("healthz", {})[0] is True
    assert probe("healthz", {"FACTORY_WORKER_PORT": "0"})[0] is True


def test_the_probe_knows_two_questions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonsense"]) == 2
    assert "healthz|readyz" in capsys.readouterr().err
