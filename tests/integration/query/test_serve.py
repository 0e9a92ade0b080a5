"""The query process on real Kafka: what was committed is answered, once, also after kills and rebuilds."""

import json
from pathlib import Path

import pytest

from query.access import issue
from query.settings import keys_folder
from schemas.messages.workflow.commands import StartWorkflow
from tests.integration.query.bench import Bench
from tests.unit.query.recorded import Recorded, uid
from tests.unit.query.story import LIMITS, finish, names, provision, reserved, start, story

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]


@pytest.fixture
def bench(kafka: str, tmp_path: Path) -> Bench:
    """Give topics of this test's own."""
    return Bench(kafka, tmp_path)


def newest(log: Recorded, tenant: str = "acme") -> int:
    return log.tenants[tenant].sequence


def test_committed_facts_are_answered_and_aborted_ones_never(bench: Bench) -> None:
    log = story("acme")
    bench.write(log.raws)
    with bench.serving() as process:
        body = process.get(
            f"/workflows/{names('acme')['wf']}", minSequence=newest(log), wait=10
        ).json()
        assert body["data"]["status"] == "Completed"
        aborted = Recorded()
        aborted.tenants["acme"].sequence = newest(log)
        start(aborted, "acme", 2)
        bench.write(aborted.raws, abort=True)
        start(log, "acme", 2)
        bench.write(log.raws[-6:])
        answer = process.get("/audit", minSequence=newest(log), wait=10, page_size=500)
        assert [entry["sequence"] for entry in answer.json()["data"]] == list(
            range(newest(log), 0, -1)
        )
        assert process.stop() == 0


def test_a_killed_process_goes_on_without_loss_or_double(bench: Bench) -> None:
    log = Recorded()
    provision(log, "acme")
    bench.write(log.raws)
    written = len(log.raws)
    for number in range(1, 5):
        start(log, "acme", number)
        finish(log, "acme", number)
        with bench.serving() as process:
            bench.write(log.raws[written:])
            written = len(log.raws)
            if number % 2:
                process.get("/audit", minSequence=newest(log), wait=10)
    with bench.serving() as process:
        answer = process.get("/audit", minSequence=newest(log), wait=10, page_size=500)
        assert [entry["sequence"] for entry in answer.json()["data"]] == list(
            range(newest(log), 0, -1)
        )
        assert "set aside" not in process.said()


def test_a_fact_ahead_of_its_predecessor_waits_across_a_restart(bench: Bench) -> None:
    log = story("acme")
    facts = log.facts()
    hidden = facts[3]
    bench.write([raw for raw in log.raws if raw is not hidden])
    with bench.serving() as process:
        lag = process.get("/lag", "system", "PlatformAdmin").json()["data"]
        assert lag["missing"] == {"acme": 4}
        assert process.get("/audit").json()["asOf"]["sequence"] == 3
        process.kill()
    with bench.serving() as process:
        assert process.get("/audit").json()["asOf"]["sequence"] == 3
        bench.write([hidden])
        answer = process.get("/audit", minSequence=newest(log), wait=10, page_size=500)
        assert len(answer.json()["data"]) == newest(log)


def test_a_damaged_file_is_set_aside_and_built_again(bench: Bench) -> None:
    log = story("acme")
    bench.write(log.raws)
    with bench.serving() as process:
        process.get("/audit", minSequence=newest(log), wait=10)
        assert process.stop() == 0
    database = bench.settings.database
    damaged = bytearray(database.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    damaged[12_300] ^= 0xFF
    database.write_bytes(damaged)
    with bench.serving() as process:
        answer = process.get("/audit", minSequence=newest(log), wait=10)
        assert answer.json()["asOf"]["sequence"] == newest(log)
        assert "set aside" in process.said()
    assert list(database.parent.glob("*.doubt-*"))


def test_another_log_is_not_mixed_with_the_old_views(bench: Bench, kafka: str) -> None:
    log = story("acme")
    bench.write(log.raws)
    with bench.serving() as process:
        process.get("/audit", minSequence=newest(log), wait=10)
        assert process.stop() == 0
    other = Bench(kafka, bench.folder)
    with other.serving() as process:
        assert process.get("/audit").json()["asOf"]["sequence"] == 0
        assert "set aside" in process.said()


def test_a_second_process_is_refused_with_a_sentence(bench: Bench) -> None:
    with bench.serving():
        second = bench.run(["query", "serve"])
        assert second.returncode == 1
        assert "are held by process" in second.stderr
        assert second.stderr.count("\n") == 1
        rebuilt = bench.run(["query", "rebuild"])
        assert rebuilt.returncode == 1
        assert "are held by process" in rebuilt.stderr


def test_a_rebuild_gives_the_same_answers(bench: Bench) -> None:
    log = story("acme", "globex")
    bench.write(log.raws)
    routes = ("/audit", "/workflows", "/agent-tasks", "/artifacts", "/usage", "/quotas")

    def answers() -> list[object]:
        with bench.serving() as process:
            process.get("/audit", minSequence=newest(log), wait=10)
            return [process.get(route).json()["data"] for route in routes]

    before = answers()
    rebuilt = bench.run(["query", "rebuild", "--json"])
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert json.loads(rebuilt.stdout)["records"] == len(log.facts())
    assert answers() == before
    assert all(before)


def test_a_record_that_does_not_decode_is_a_dead_letter_and_the_rest_goes_on(bench: Bench) -> None:
    log = Recorded()
    provision(log, "acme")
    log.put("cp.workflow.events.v1", 3, b"\x00nonsense", b"acme")
    start(log, "acme")
    bench.write(log.raws)
    with bench.serving() as process:
        answer = process.get("/audit", minSequence=newest(log), wait=10)
        assert answer.json()["asOf"]["sequence"] == newest(log)
        letters = process.get("/dead-letters", "system", "PlatformAdmin").json()["data"]
        assert [(one["source"], one["stage"]) for one in letters] == [
            ("cp.workflow.events.v1:3:0", "project")
        ]
        shown = process.get(f"/dead-letters/{letters[0]['source']}", "system", "PlatformAdmin")
        assert shown.json()["data"]["code"] in {"MALFORMED_RECORD", "UNKNOWN_SCHEMA"}


def test_the_command_line_reads_over_http(bench: Bench) -> None:
    log = story("acme")
    bench.write(log.raws)
    wf = names("acme")["wf"]
    with bench.serving() as process:
        process.get("/audit", minSequence=newest(log), wait=10)
        bearer = issue(keys_folder(bench.folder), "acme")
        operator = issue(keys_folder(bench.folder), "system", roles=frozenset({"PlatformAdmin"}))
        for arguments, bears, code in (
            (["workflow", "show", wf, "--json"], bearer, 0),
            (["lag", "--json"], operator, 0),
            (["lag", "--json"], bearer, 1),
        ):
            ended = bench.run(arguments, FACTORY_TOKEN=bears)
            assert ended.returncode == code, ended.stderr
            assert json.loads(ended.stdout) if code == 0 else "FORBIDDEN" in ended.stderr
        nobody = bench.run(["audit", "list"], FACTORY_TOKEN="")
        assert nobody.returncode == 1
        assert "factory token issue" in nobody.stderr
    gone = bench.run(["audit", "list"], FACTORY_TOKEN=bearer)
    assert gone.returncode == 1
    assert gone.stderr.count("\n") == 1


def test_verify_reads_the_topics_and_compares_the_views(bench: Bench) -> None:
    log = story("acme", "globex")
    bench.write(log.raws)
    bench.decide(bench.decided(log))
    with bench.serving() as process:
        process.get("/audit", minSequence=newest(log), wait=10)
        operator = issue(keys_folder(bench.folder), "system", roles=frozenset({"PlatformAdmin"}))
        sound = bench.run(["verify", "--json", "--group", bench.group], FACTORY_TOKEN=operator)
        report = json.loads(sound.stdout)
        assert (sound.returncode, report["findings"]) == (0, [])
        assert report["tenants"] == 2
        assert report["facts"] == newest(log) + newest(log, "globex")
        command = StartWorkflow(
            workflow_instance_id=f"wf-{uid('over')}",
            definition_name="plan",
            definition_version="1.0.0",
            input="{}",
        )
        [over] = log.decide("acme", command, reserved("over/1", cost_amount=LIMITS["cost.amount"]))
        bench.write(log.raws[-2:])
        bench.decide(bench.decided(log))
        spoilt = bench.run(["verify", "--json", "--group", bench.group], FACTORY_TOKEN=operator)
        findings = json.loads(spoilt.stdout)["findings"]
        assert spoilt.returncode == 1
        assert [one["code"] for one in findings] == ["OVER_QUOTA"]
        # Each transaction leaves a marker on its partition, so the offset is beyond that of the recorded log.
        topic, partition, offset = findings[0]["position"].rsplit(":", 2)
        assert (topic, int(partition)) == over.position[:2]
        assert int(offset) >= over.position.offset
