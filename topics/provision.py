"""Create the topics of the catalogue and tell where a broker's differ from it.

Repeatable: what exists is never deleted, and a partition count is never changed, because the place
of every tenant follows from it. Settings that differ are reported, and put right only on request.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
    TopicMetadata,
)

from schemas.output import OperatorError
from topics.model import Topic
from topics.settings import client_options

REQUEST_TIMEOUT_S = 30.0
READY_POLL_S = 0.02
SETTLE_S = 5.0
"""How long a broker may tell a setting that was changed; tens of milliseconds usually."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One way in which a broker's topic differs from its row."""

    topic: str
    setting: str
    expected: str
    actual: str

    @property
    def is_repairable(self) -> bool:
        """Tell whether a setting can be put right in place; a partition count cannot."""
        return self.setting != "partitions"


@dataclass(frozen=True, slots=True)
class Report:
    """What a broker has of the catalogue. `created` and `repaired` are what this call did."""

    present: tuple[str, ...]
    missing: tuple[str, ...]
    drift: tuple[Drift, ...]
    created: tuple[str, ...] = ()
    repaired: tuple[Drift, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Tell whether the broker has every topic as the catalogue says."""
        return not self.missing and not self.drift


class ProvisionError(OperatorError):
    """The broker did not answer or refused; the message says what to do."""


def admin_client(bootstrap: str) -> AdminClient:
    """Give a client that says nothing on stderr while a broker is away."""
    return AdminClient(client_options(bootstrap) | {"log_level": 0})


def check(admin: AdminClient, topics: Iterable[Topic]) -> Report:
    """Compare the broker with the rows; changes nothing. Raises `ProvisionError`."""
    rows = tuple(topics)
    partitions = _partition_counts(admin)
    present = tuple(row for row in rows if row.name in partitions)
    settings = _settings(admin, [row.name for row in present])
    drift = [
        Drift(row.name, setting, expected, actual)
        for row in present
        for setting, expected, actual in _compared(row, partitions[row.name], settings[row.name])
        if expected != actual
    ]
    return Report(
        present=tuple(row.name for row in present),
        missing=tuple(row.name for row in rows if row.name not in partitions),
        drift=tuple(drift),
    )


def provision(admin: AdminClient, topics: Iterable[Topic], *, repair: bool = False) -> Report:
    """Create the topics that are missing and wait until each partition has a leader.

    repair: also set the settings that differ. Two callers at once do no harm.
    Raises `ProvisionError` if the broker refuses or does not get there in time.
    """
    rows = tuple(topics)
    found = check(admin, rows)
    missing = [row for row in rows if row.name in found.missing]
    created = _create(admin, missing)
    _wait_for_leaders(admin, rows)
    repaired = tuple(drift for drift in found.drift if drift.is_repairable) if repair else ()
    _repair(admin, repaired)
    now = _settled(admin, rows, repaired)
    return Report(now.present, now.missing, now.drift, created, repaired)


def _compared(
    row: Topic, partitions: int, settings: dict[str, str]
) -> Iterable[tuple[str, str, str]]:
    yield "partitions", str(row.partitions), str(partitions)
    for setting, expected in row.settings().items():
        yield setting, expected, settings[setting]


def _create(admin: AdminClient, rows: Sequence[Topic]) -> tuple[str, ...]:
    """Create the topics and name those that no other provisioner created first."""
    if not rows:
        return ()
    wanted = [
        NewTopic(row.name, num_partitions=row.partitions, config={**row.settings(), **row.tuning})
        for row in rows
    ]
    futures = admin.create_topics(
        wanted, operation_timeout=REQUEST_TIMEOUT_S, request_timeout=REQUEST_TIMEOUT_S
    )
    created = []
    for name, future in futures.items():
        try:
            future.result(REQUEST_TIMEOUT_S)
            created.append(name)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise _refused(f"creating {name}", error) from error
    return tuple(created)


def _wait_for_leaders(admin: AdminClient, rows: Sequence[Topic]) -> None:
    """Wait until the partitions can be written: a topic exists at the controller before."""
    deadline = time.monotonic() + REQUEST_TIMEOUT_S
    waiting = {row.name for row in rows}
    while waiting:
        metadata = _metadata(admin)
        waiting -= {name for name in waiting if _is_led(metadata.get(name))}
        if waiting and time.monotonic() > deadline:
            raise ProvisionError(
                f"The broker has no leader yet for {', '.join(sorted(waiting))}: "
                "look at its log and run this again."
            )
        if waiting:
            time.sleep(READY_POLL_S)


def _is_led(topic: TopicMetadata | None) -> bool:
    if topic is None or not topic.partitions:
        return False
    return all(partition.leader >= 0 for partition in topic.partitions.values())


def _settled(admin: AdminClient, rows: Sequence[Topic], repaired: Sequence[Drift]) -> Report:
    """Give the state after a repair: a broker tells the old value for a moment after its change."""
    deadline = time.monotonic() + SETTLE_S
    report = check(admin, rows)
    while set(repaired) & set(report.drift) and time.monotonic() < deadline:
        time.sleep(READY_POLL_S)
        report = check(admin, rows)
    return report


def _repair(admin: AdminClient, drifts: Sequence[Drift]) -> None:
    resources = [
        ConfigResource(
            ResourceType.TOPIC,
            topic,
            incremental_configs=[
                ConfigEntry(
                    drift.setting,
                    drift.expected,
                    incremental_operation=AlterConfigOpType.SET,
                )
                for drift in drifts
                if drift.topic == topic
            ],
        )
        for topic in dict.fromkeys(drift.topic for drift in drifts)
    ]
    if not resources:
        return
    try:
        for future in admin.incremental_alter_configs(resources).values():
            future.result(REQUEST_TIMEOUT_S)
    except KafkaException as error:
        raise _refused("changing settings", error) from error


def _metadata(admin: AdminClient) -> dict[str, TopicMetadata]:
    try:
        return admin.list_topics(timeout=REQUEST_TIMEOUT_S).topics
    except KafkaException as error:
        raise _refused("listing topics", error) from error


def _partition_counts(admin: AdminClient) -> dict[str, int]:
    return {name: len(topic.partitions) for name, topic in _metadata(admin).items()}


def _settings(admin: AdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    if not resources:
        return {}
    try:
        described = {
            resource.name: future.result(REQUEST_TIMEOUT_S)
            for resource, future in admin.describe_configs(resources).items()
        }
    except KafkaException as error:
        raise _refused("reading settings", error) from error
    return {
        topic: {name: entry.value for name, entry in entries.items()}
        for topic, entries in described.items()
    }


def _refused(doing: str, error: KafkaException) -> ProvisionError:
    return ProvisionError(
        f"The broker failed at {doing} ({error.args[0].str()}): "
        "check that it runs (`factory kafka status`) and that KAFKA_BOOTSTRAP names it."
    )
