"""Eight corruptions planted on real topics and in a real file: each is found by ``factory verify``, by its place."""

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from query.access import issue
from query.decode import Raw
from query.settings import keys_folder
from schemas.codec import decode_envelope
from schemas.messages.workflow.commands import StartWorkflow
from tests.integration.query.bench import Bench
from tests.unit.query.corruption import at
from tests.unit.query.recorded import Recorded, changed, uid
from tests.unit.query.story import LIMITS, reserved, story

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

Records = list[Raw]
Spoil = Callable[[Recorded, Records], tuple[Records, list[Raw]]]
"""Gives the spoilt records, and those of whose places the findings must be."""


def _index(records: Records, raw: Raw) -> int:
    return next(index for index, one in enumerate(records) if one is raw)


def drop(log: Recorded, records: Records) -> tuple[Records, list[Raw]]:
    gone = _index(records, at(log, "AgentTaskAssigned", "dropped"))
    return records[:gone] + records[gone + 1 :], [at(log, "AgentTaskClaimed", "dropped")]


def alter(log: Recorded, records: Records) -> tuple[Records, list[Raw]]:
    raw = at(log, "ProjectCreated", "altered")
    other = changed(raw, actor_id="user:mallory")
    records[_index(records, raw)] = other
    return records, [other]


def double(log: Recorded, records: Records) -> tuple[Records, list[Raw]]:
    raw = at(log, "UsageRecorded", "doubled")
    again = raw._replace(headers=list)
    records.append(again)
    return records, [again]


def swap(log: Recorded, records: Records) -> tuple[Records, list[Raw]]:
    first = at(log, "QuotaReserved", "swapped")
    second = at(log, "QuotaReserved", "swapped", number=1)
    one, two = _index(records, first), _index(records, second)
    records[one], records[two] = second, first
    return records, [first]


def overspend(log: Recorded, records: Records) -> tuple[Records, list[Raw]]:
    command = StartWorkflow(
        workflow_instance_id=f"wf-{uid('over')}",
        definition_name="plan",
        definition_version="1.0.0",
        input="{}",
    )
    begun = len(log.raws)
    [over] = log.decide("overspent", command, reserved("over/1", cost_amount=LIMITS["cost.amount"]))
    return records + log.raws[begun:], [over]


def unsettle(log: Recorded, records: Records) -> tuple[Records, list[Raw]]:
    gone = _index(records, at(log, "QuotaSettled", "unsettled"))
    return records[:gone] + records[gone + 1 :], [at(log, "AgentTaskCompleted", "unsettled")]


def mix(log: Recorded, records: Records) -> tuple[Records, list[Raw]]:
    raw = at(log, "TenantActivated", "mixed")
    other = changed(raw, tenant_id="sound")
    records[_index(records, raw)] = other
    return records, [other]


SPOILS: dict[str, tuple[Spoil, str]] = {
    "dropped": (drop, "SEQUENCE_MISSING"),
    "altered": (alter, "CHAIN_BROKEN"),
    "doubled": (double, "EVENT_DOUBLED"),
    "swapped": (swap, "OUT_OF_ORDER"),
    "overspent": (overspend, "OVER_QUOTA"),
    "unsettled": (unsettle, "NO_SETTLEMENT"),
    "mixed": (mix, "WRONG_TENANT"),
}


def places(records: Records) -> dict[int, str]:
    """Give the place that each record gets when they are written in one go."""
    ends: dict[tuple[str, int], int] = defaultdict(int)
    found = {}
    for raw in records:
        topic, partition, _ = raw.position
        found[id(raw)] = f"{topic}:{partition}:{ends[topic, partition]}"
        ends[topic, partition] += 1
    return found


def test_eight_corruptions_are_found_each_by_its_place(kafka: str, tmp_path: Path) -> None:
    bench = Bench(kafka, tmp_path)
    log = story("sound", "untouched", "misrolled", *SPOILS)
    records = list(log.raws)
    expected: list[tuple[str, Raw]] = []
    for spoil, code in SPOILS.values():
        records, concerned = spoil(log, records)
        expected += [(code, raw) for raw in concerned]
    bench.write(records)
    bench.decide(bench.decided(log))

    newest = log.tenants["misrolled"].sequence
    with bench.serving() as process:
        process.get("/audit", "misrolled", minSequence=newest, wait=10)
        assert process.stop() == 0
    with duckdb.connect(str(bench.settings.database)) as views:
        views.execute(
            "UPDATE usage_lines SET cost_micros = cost_micros + 1 WHERE tenant_id = 'misrolled'"
        )

    operator = issue(keys_folder(tmp_path), "system", roles=frozenset({"PlatformAdmin"}))
    with bench.serving():
        ended = bench.run(["verify", "--json", "--group", bench.group], FACTORY_TOKEN=operator)
    assert ended.returncode == 1, ended.stderr
    findings = json.loads(ended.stdout)["findings"]
    found = {(one["code"], one["position"]) for one in findings}

    place_of = places(records)
    expected.append(("ROLLUP_DIFFERS", at(log, "UsageRecorded", "misrolled")))
    for code, raw in expected:
        tenant = decode_envelope(raw.value).tenant_id
        assert (code, place_of[id(raw)]) in found, (code, tenant, sorted(found))
    assert "untouched" not in {one["tenantId"] for one in findings}
