import time
import uuid
from dataclasses import replace

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from topics import naming
from topics.catalogue import BY_NAME, TOPICS
from topics.model import Topic
from topics.provision import Drift, ProvisionError, admin_client, check, provision

pytestmark = pytest.mark.kafka


@pytest.fixture
def admin(kafka: str) -> AdminClient:
    return admin_client(kafka)


@pytest.fixture
def rows() -> list[Topic]:
    """Give an input topic, a fact topic and the state topic under names of this test's own."""
    names = (naming.COMMANDS, naming.events_topic("tenancy"), naming.STATE)
    return [replace(BY_NAME[name], name=f"{name}.{uuid.uuid4()}") for name in names]


def test_the_catalogue_is_what_the_broker_has_after_provisioning(admin: AdminClient) -> None:
    report = provision(admin, TOPICS)
    assert report.is_sound, report
    assert check(admin, TOPICS).present == tuple(topic.name for topic in TOPICS)


def test_provisioning_again_changes_nothing(admin: AdminClient, rows: list[Topic]) -> None:
    first, second = provision(admin, rows), provision(admin, rows)
    assert first.created == tuple(row.name for row in rows)
    assert second.created == ()
    assert second.is_sound


def test_only_what_is_missing_is_created(admin: AdminClient, rows: list[Topic]) -> None:
    provision(admin, rows[:1])
    report = provision(admin, rows)
    assert report.created == tuple(row.name for row in rows[1:])


def test_a_check_tells_what_is_missing_and_creates_nothing(
    admin: AdminClient, rows: list[Topic]
) -> None:
    names = tuple(row.name for row in rows)
    assert check(admin, rows).missing == names
    assert check(admin, rows).missing == names


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("retention.ms", "60000"),
        ("message.timestamp.type", "CreateTime"),
        ("cleanup.policy", "compact"),
        ("compression.type", "gzip"),
        ("max.message.bytes", "4096"),
    ],
)
def test_a_setting_that_differs_is_reported_and_put_right_only_on_request(
    admin: AdminClient, rows: list[Topic], setting: str, value: str
) -> None:
    row = rows[0]
    provision(admin, [row])
    drift = Drift(row.name, setting, row.settings()[setting], value)
    _alter(admin, row, drift)

    assert provision(admin, [row]).drift == (drift,)
    assert check(admin, [row]).drift == (drift,)

    repaired = provision(admin, [row], repair=True)
    assert repaired.repaired == (drift,)
    assert repaired.is_sound


def test_a_partition_count_that_differs_is_reported_and_never_changed(
    admin: AdminClient, rows: list[Topic]
) -> None:
    row = rows[1]
    provision(admin, [replace(row, partitions=3)])
    report = provision(admin, [row], repair=True)
    assert report.drift == (Drift(row.name, "partitions", "8", "3"),)
    assert report.repaired == ()
    assert not report.is_sound


def test_a_row_that_the_broker_refuses_ends_as_one_sentence(
    admin: AdminClient, rows: list[Topic]
) -> None:
    with pytest.raises(ProvisionError, match="The broker failed at creating"):
        provision(admin, [replace(rows[0], cleanup="no-such-policy")])


def _alter(admin: AdminClient, row: Topic, drift: Drift) -> None:
    """Change a setting behind our back and wait until the broker tells it."""
    entry = ConfigEntry(drift.setting, drift.actual, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, row.name, incremental_configs=[entry])
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(10)
    deadline = time.monotonic() + 10
    while not check(admin, [row]).drift:
        assert time.monotonic() < deadline, "the broker still tells the old setting"
