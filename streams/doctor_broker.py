"""Checks of the broker: it answers, its topics are the catalogue's, a worker would start on them, its clock is ours."""

import time
from functools import partial
from typing import Final

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from schemas.output import OperatorError
from streams.doctor import Check, Finding
from streams.doctor_transactions import BEYOND_S, check_transactions
from streams.keys import key_file, lease_keys
from streams.layout import Layout
from streams.local import BrokerStatus, Kind
from streams.local.settings import KAFKA_VERSION
from streams.memory import AHEAD_US
from streams.settings import Settings, from_environment
from streams.start import Start
from topics.catalogue import INPUT_TOPICS, TOPICS
from topics.provision import admin_client, check

ANSWER_S: Final = 5.0
NEED_BROKER: Final = ("topics", "worker start", "transactions", "clock")
_AHEAD_MS: Final = AHEAD_US // 1000
"""How far ahead of the broker a sender's clock may be: later command ids are refused."""
_ROUND_MS: Final = 1000
"""Less than this is no difference: the questions themselves take time."""


def broker_checks(status: BrokerStatus) -> list[tuple[str, Check]]:
    """List the checks of the broker that the environment names, or of the local one; ``status`` is the latter's."""
    try:
        settings = from_environment()
    except OperatorError as error:
        return [
            ("broker", partial(_refused, error)),
            *_unchecked(*NEED_BROKER),
        ]
    admin = answering(settings)
    first: tuple[str, Check] = ("broker", partial(check_broker, settings, admin, status))
    if admin is None:
        return [first, *_unchecked(*NEED_BROKER)]
    return [
        first,
        ("topics", partial(check_topics, admin)),
        ("worker start", partial(check_start, settings)),
        ("transactions", partial(check_open, settings, admin)),
        ("clock", partial(check_clock, settings, admin, status)),
    ]


def _refused(error: OperatorError) -> Finding:
    raise error


def _unchecked(*names: str) -> list[tuple[str, Check]]:
    return [(name, partial(Finding, name, "unchecked", "no broker answers")) for name in names]


def answering(settings: Settings) -> AdminClient | None:
    """Give a client of the broker, None if it does not answer."""
    admin = admin_client(settings.bootstrap)
    try:
        admin.list_topics(timeout=ANSWER_S)
    except KafkaException:
        return None
    return admin


def check_broker(settings: Settings, admin: AdminClient | None, status: BrokerStatus) -> Finding:
    """Tell whether the broker answers, and which release it is where that can be known."""
    if admin is None:
        return Finding(
            "broker",
            "fail",
            f"no broker answers at {settings.bootstrap}",
            "start one with `factory kafka start`, or set KAFKA_BOOTSTRAP to one that runs",
        )
    found = admin.list_topics(timeout=ANSWER_S)
    where = (
        f"{settings.bootstrap} answers: cluster {found.cluster_id}, {len(found.brokers)} brokers"
    )
    if is_ours(settings, status):
        return Finding("broker", "ok", f"{where}, Apache Kafka {KAFKA_VERSION}")
    return Finding("broker", "ok", f"{where}; Kafka tells its clients no release")


def is_ours(settings: Settings, status: BrokerStatus) -> bool:
    """Tell whether the broker in use is the process that was started on this machine."""
    broker = status.broker
    return (
        broker is not None and broker.kind is Kind.KAFKA and broker.bootstrap == settings.bootstrap
    )


def check_topics(admin: AdminClient) -> Finding:
    """Compare the topics with the catalogue, as `factory topics check` does. Raises OperatorError."""
    report = check(admin, TOPICS)
    if report.missing:
        missing = (
            f"{len(report.missing)} of {len(TOPICS)} topics are missing, {report.missing[0]} first"
        )
        return Finding("topics", "fail", missing, "create them with `factory topics provision`")
    fixed = [drift for drift in report.drift if not drift.is_repairable]
    for drift in fixed or report.drift:
        what = f"{drift.topic} has {drift.setting} {drift.actual} instead of {drift.expected}"
        found = f"{what} ({len(report.drift)} differences)"
        if fixed:
            todo = "start over with another broker folder: a partition count is never changed"
            return Finding("topics", "fail", found, todo)
        todo = "put it right with `factory topics provision --repair`, unless it was changed on purpose"
        return Finding("topics", "warn", found, todo)
    return Finding("topics", "ok", f"all {len(TOPICS)} as the catalogue says")


def check_open(settings: Settings, admin: AdminClient) -> Finding:
    """Look for transactions that stay open beyond what a worker's may last."""
    names = [topic.name for topic in TOPICS]
    return check_transactions(admin, names, settings.transaction_timeout_s + BEYOND_S)


def check_start(settings: Settings) -> Finding:
    """Look at the topics as a worker does before it starts: schemas, partitions, lease key. Raises OperatorError."""
    if not settings.lease_secret and not key_file(settings.local).is_file():
        return Finding(
            "worker start", "unchecked", "there is no lease key yet to compare the state with"
        )
    try:
        Start(settings, Layout(), lease_keys(settings)).check()
    except KafkaException as error:
        return Finding("worker start", "unchecked", f"the broker failed ({error.args[0].str()})")
    return Finding(
        "worker start", "ok", "partitions, schemas and lease key fit what the topics hold"
    )


def check_clock(settings: Settings, admin: AdminClient, status: BrokerStatus) -> Finding:
    """Compare the broker's clock with ours by what it has appended; nothing is written for it."""
    if is_ours(settings, status):
        return Finding("clock", "ok", "the broker runs on this machine, by the same clock")
    try:
        newest = newest_append_ms(admin)
    except KafkaException as error:
        return Finding("clock", "unchecked", f"the broker failed ({error.args[0].str()})")
    return judged_clock(newest, time.time_ns() // 1_000_000)


def newest_append_ms(admin: AdminClient) -> int:
    """Give the newest append time of all input topics by the broker's clock, ms; -1 if they are empty."""
    found = admin.list_topics(timeout=ANSWER_S).topics
    places = [
        TopicPartition(name, number)
        for name in INPUT_TOPICS
        if name in found
        for number in found[name].partitions
    ]
    if not places:
        return -1
    newest: OffsetSpec = OffsetSpec.max_timestamp()  # type: ignore[no-untyped-call]
    asked = admin.list_offsets(dict.fromkeys(places, newest))
    return max(int(answer.result(ANSWER_S).timestamp) for answer in asked.values())


def judged_clock(newest_ms: int, now_ms: int) -> Finding:
    """Say what the newest append time tells of our clock.

    The broker's now is not before its newest append. So we are ahead of it by no more than that is old, and
    behind it at least by what it lies in our future; more cannot be known without writing a record.
    """
    age_ms = now_ms - newest_ms
    todo = "set this machine's clock, or the broker's, by a time server"
    if newest_ms >= 0 and age_ms < -_ROUND_MS:
        behind = f"this machine is at least {-age_ms / 1000:.0f} s behind the broker"
        return Finding("clock", "fail" if -age_ms > _AHEAD_MS else "warn", behind, todo)
    if newest_ms >= 0 and age_ms <= _AHEAD_MS:
        seconds = max(age_ms, 0) / 1000
        return Finding("clock", "ok", f"ahead of the broker by at most {seconds:.0f} s")
    why = "no record on an input topic" if newest_ms < 0 else f"none for {age_ms / 60_000:.0f} min"
    return Finding(
        "clock",
        "unchecked",
        f"a broker tells its time only in what it appends, and there is {why}",
        "run this again after a command was sent",
    )
