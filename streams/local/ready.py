"""When a broker works: not when its port opens, but when it can start a transaction."""

import time
from collections.abc import Callable

from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient

from topics.settings import client_options, producer_options

TRY_S = 0.5
"""How long one try lasts before the broker's process is looked at again."""


def wait_until_ready(bootstrap: str, deadline_s: float, is_alive: Callable[[], bool]) -> bool:
    """Wait until `init_transactions` works; False if the deadline passed or the process ended.

    For a second or two after the port opens the transaction coordinator still loads, and a
    worker started then would fail.
    """
    deadline = time.monotonic() + deadline_s
    producer = Producer(
        producer_options(bootstrap)
        | {"transactional.id": "factory-broker-ready", "logger": None, "log_level": 0}
    )
    while time.monotonic() < deadline and is_alive():
        try:
            producer.init_transactions(TRY_S)
        except KafkaException as error:
            if not error.args[0].retriable():
                time.sleep(TRY_S / 10)
            continue
        return True
    return False


def answers(bootstrap: str, timeout_s: float) -> bool:
    """Tell whether a broker answers there at all; one request, for a broker that is not ours."""
    admin = AdminClient(client_options(bootstrap) | {"log_level": 0})
    try:
        admin.list_topics(timeout=timeout_s)
    except KafkaException:
        return False
    return True
