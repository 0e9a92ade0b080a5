"""Health, readiness and metrics of a real worker on real Kafka: while it restores, works, hangs."""

from pathlib import Path

import pytest

from tests.integration.observe.pages import Said, asked, metric
from tests.integration.streams.factory import Factory, Worker, until
from tests.integration.streams.test_guards import put_head, transactional
from tests.integration.streams.toy import HANG, AddMarbles
from topics import naming

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


def is_ready(worker: Worker) -> bool:
    return asked(worker, "readyz").status == 200


def test_a_worker_that_restores_is_alive_and_not_ready(kafka: str, tmp_path: Path) -> None:
    factory = Factory(kafka, tmp_path, partitions=1)
    opened = transactional(factory, "opened")
    put_head(factory, opened, "acme")  # the restore waits for what an open transaction hides
    with factory.worker() as worker:
        seen: list[Said] = []

        def restores() -> bool:
            seen.append(asked(worker, "readyz"))
            return seen[-1].status == 503 and "restoring" in seen[-1].text

        until(restores, "the worker says that it restores")
        assert seen[-1].reason == "The worker is restoring."
        assert asked(worker, "healthz").status == 200
        page = asked(worker, "metrics").text
        assert metric(page, "factory_worker_phase", phase="restoring") == 1

        def is_short_of_its_end() -> bool:
            text = asked(worker, "metrics").text
            read = metric(text, "factory_restore_read_offsets")
            return read < metric(text, "factory_restore_expected_offsets")

        until(is_short_of_its_end, "the restore says how far it is")
        assert not any(said.status == 200 for said in seen), "it was not ready before"
        opened.abort_transaction(20)
        until(lambda: is_ready(worker), "the worker is ready")


def test_a_hung_worker_is_not_healthy_while_its_pages_still_answer(
    kafka: str, tmp_path: Path
) -> None:
    factory = Factory(kafka, tmp_path, environment={"FACTORY_WAIT_S": "6"})
    with factory.worker() as worker:
        until(lambda: is_ready(worker), "the worker is ready")
        factory.send(AddMarbles(jar_id="j", count=HANG))
        factory.flush()

        def is_called_hung() -> bool:
            return asked(worker, "healthz").status == 503

        until(is_called_hung, "the worker is called unhealthy")
        assert "made no progress" in asked(worker, "healthz").reason
        assert asked(worker, "readyz").status == 503
        assert worker.process.poll() is None, "it hangs; the watchdog has not ended it yet"


def test_metrics_follow_what_is_decided(kafka: str, tmp_path: Path) -> None:
    factory = Factory(kafka, tmp_path)
    with factory.worker() as worker:
        until(lambda: is_ready(worker), "the worker is ready")
        far = 4_000_000_000_000_000
        for count in (1, 2, 3):
            factory.send(AddMarbles(jar_id=f"j{count}", count=count, spills_at=far))
        factory.send(AddMarbles(jar_id="j", count=-1), "bolt")
        factory.put(b"no frame", "acme")
        factory.wait_for(naming.REJECTIONS, 1)
        factory.wait_for("cp.projects.events.v1", 3)
        page: list[str] = []

        def is_counted() -> bool:
            page.append(asked(worker, "metrics").text)
            return metric(page[-1], "factory_worker_records_total") == 5

        until(is_counted, "five records are counted")
        found = page[-1]
        assert metric(found, "factory_worker_dead_letters_total") == 1
        assert metric(found, "factory_refusals_total", code="INVALID_STATE") == 1
        outcomes = "factory_tenant_outcomes_total"
        assert metric(found, outcomes, tenant="acme", outcome="accepted") == 3
        assert metric(found, outcomes, tenant="bolt", outcome="refused") == 1
        assert metric(found, "factory_timers_pending") == 3
        assert metric(found, "factory_commit_seconds_count") >= 1
        assert metric(found, "factory_cycle_records_sum") == 5
        until(lambda: lag_of(worker) == 0, "nothing is behind")


def lag_of(worker: Worker) -> float:
    text = asked(worker, "metrics").text
    assert metric(text, "factory_broker_answers") == 1
    return metric(text, "factory_input_lag_records", topic=naming.COMMANDS)
