"""`factory doctor` beside a running system on real Kafka: all is well, then a setting drifts."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from streams.doctor_transactions import check_transactions
from tests.integration.people import Plant
from topics import naming
from topics.catalogue import BY_NAME, TOPICS
from topics.provision import admin_client, provision
from topics.settings import producer_options

pytestmark = pytest.mark.kafka

TOPIC = naming.DEVOPS_OUTCOMES


@pytest.fixture
def open_on(plant: Plant) -> Iterator[int]:
    """Leave a transaction open on a partition of that topic; give the offset where it begins."""
    producer = Producer(producer_options(plant.bootstrap) | {"transactional.id": f"{uuid.uuid4()}"})
    producer.init_transactions(20)
    producer.begin_transaction()
    offsets: list[int] = []
    producer.produce(
        TOPIC, b"never", partition=0, on_delivery=lambda _, record: offsets.append(record.offset())
    )
    producer.flush(20)
    yield offsets[0]
    producer.abort_transaction(20)


def test_a_transaction_that_stays_open_is_named_by_its_place(plant: Plant, open_on: int) -> None:
    admin = admin_client(plant.bootstrap)
    found = check_transactions(admin, [TOPIC], 1)
    assert found.status == "fail"
    assert f"one stays open on 1 partitions, {TOPIC}-0 from offset {open_on} first" in found.found
    assert "kafka-transactions.sh" in found.todo


def examined(plant: Plant, expected: int) -> dict[str, dict[str, Any]]:
    """Run the doctor; give its findings by check."""
    answer = plant.factory("doctor", "--json")
    assert answer.returncode == expected, answer.stdout + answer.stderr
    document = json.loads(answer.stdout)
    assert document["healthy"] is (expected == 0)
    return {row["check"]: row for row in document["checks"]}


def set_retention(plant: Plant, milliseconds: str) -> None:
    """Set how long a topic that nobody writes to is kept."""
    entry = ConfigEntry("retention.ms", milliseconds, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, TOPIC, incremental_configs=[entry])
    admin = admin_client(plant.bootstrap)
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(20)


@pytest.mark.timeout(240)
def test_the_doctor_finds_a_running_system_well_and_names_what_drifts(plant: Plant) -> None:
    # A refusal is an answer too: what the clock is judged by is that it was appended.
    plant.ask("ActivateTenant", "plant-a")
    found = examined(plant, 0)
    assert {name for name, row in found.items() if row["status"] == "fail"} == set()
    assert found["broker"]["found"].startswith(f"{plant.bootstrap} answers: cluster ")
    assert found["topics"]["found"] == f"all {len(TOPICS)} as the catalogue says"
    assert found["worker start"]["status"] == "ok"
    assert found["transactions"]["found"] == "none stays open"
    assert found["lease key"]["found"].endswith("lease.key: k1 signs")
    assert found["clock"]["found"].startswith("ahead of the broker by at most ")
    query = plant.site.members["query"].process.pid
    assert f"is held by process {query}" in found["views"]["found"]

    set_retention(plant, "1000000000")
    try:
        drifted = examined(plant, 0)["topics"]
    finally:
        set_retention(plant, BY_NAME[TOPIC].settings()["retention.ms"])
        assert provision(admin_client(plant.bootstrap), TOPICS).is_sound
    assert drifted["status"] == "warn"
    assert f"{TOPIC} has retention.ms 1000000000 instead of" in drifted["found"]
    assert "factory topics provision --repair" in drifted["todo"]


@pytest.mark.timeout(240)
def test_the_doctor_says_that_a_worker_with_another_secret_would_be_refused(plant: Plant) -> None:
    answer = plant.factory("doctor", "--json", FACTORY_LEASE_SECRET=f"k1:{'x' * 32}")
    assert answer.returncode == 1
    rows = {row["check"]: row for row in json.loads(answer.stdout)["checks"]}
    assert [name for name, row in rows.items() if row["status"] == "fail"] == ["worker start"]
    assert "has another key k1 than" in rows["worker start"]["found"]
