"""A broker that comes back with nothing, and a helpful person who makes its topics anew (F6)."""

import time
from typing import Final

from confluent_kafka import KafkaException

from tests.fault.field import Field
from tests.fault.site import AGENTS, WORKERS
from topics.catalogue import TOPICS
from topics.ends import end_offsets
from topics.naming import TIMERS
from topics.provision import admin_client, provision

SAID: Final = "has lost the facts"
SECONDS_MAX: Final = 60


def lose_everything(field: Field, times: int) -> None:
    """Lose all data under running workers: they say so, end and write nothing; with the data back, work goes on."""
    place = field.place
    for _ in range(times):
        field.drain()
        for name in (*AGENTS, "query"):
            place.stop(name)
        field.broker.lose_everything()
        try:
            wrong = _meet_an_empty_broker(field)
        finally:
            field.broker.find_again()
            place.settle()
            field.load_again()
        field.more(10)
        if wrong:
            raise AssertionError(wrong)
        field.hit()


def _meet_an_empty_broker(field: Field) -> str:
    """Let the workers meet a broker that has their topics and nothing in them; give what was wrong, if anything."""
    place = field.place
    before = {name: place.said(name, SAID) for name in WORKERS}
    field.broker.start()
    provision(admin_client(place.bootstrap), TOPICS)
    since = time.time()
    for name in WORKERS:
        status = place.members[name].process.wait(SECONDS_MAX)
        field.account.took("the broker lost everything: a worker ended", time.time() - since)
        if status == 0 or place.said(name, SAID) == before[name]:
            return f"{name} ended with {status} and did not say why"
    written = _written(field)
    return f"workers wrote to a broker without facts: {written}" if written else ""


def _written(field: Field) -> dict[tuple[str, int], int]:
    """Give the ends of the logs that hold anything; a timer that was due may have been asked for."""
    places = [(row.name, number) for row in TOPICS for number in range(row.partitions)]
    ends: dict[tuple[str, int], int] = {}

    def told() -> bool:
        try:
            ends.update(end_offsets(field.place.bootstrap, places))
        except KafkaException:  # a topic that was just made is not known everywhere yet
            return False
        return True

    field.until("the ends of the new topics", told)
    return {place: end for place, end in ends.items() if end and place[0] != TIMERS}
