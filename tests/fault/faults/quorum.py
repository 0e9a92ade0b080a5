"""Three brokers: leaders moved, one lost for good, two lost and back (F7, F8)."""

import time
from typing import Final

from confluent_kafka import ElectionType, KafkaError, KafkaException

from tests.fault.field import Field
from topics.provision import admin_client

STALL_SECONDS_MAX: Final = 60
BELOW_SECONDS: Final = 10.0
"""How long two brokers are away."""
ANSWER_SECONDS: Final = 1.0
"""How late an answer that was given before the kill may reach the load's account."""


def move_leaders(field: Field, times: int) -> None:
    """Kill a node, so that its leaders move away, start it, and move them back by an election."""
    for _ in range(times):
        node = field.random.choice((2, 3))
        field.healed("one of three brokers killed", field.three.kill(node), STALL_SECONDS_MAX)
        field.three.start()
        since = time.time()
        field.until("the preferred leaders lead again", lambda: _elected(field))
        field.healed("leaders moved back", since, STALL_SECONDS_MAX)
        field.hit()


def _elected(field: Field) -> bool:
    """Ask for the preferred leaders; False while a replica is still behind, or nobody answers yet."""
    admin = admin_client(field.place.bootstrap)  # kept: one that is dropped never answers
    try:
        answers = admin.elect_leaders(ElectionType.PREFERRED, None)
        found = answers.result(20)
    except (KafkaException, TimeoutError):
        return False
    fine = {None, KafkaError.ELECTION_NOT_NEEDED}
    return all((error.code() if error else None) in fine for error in found.values())


def lose_two(field: Field, times: int) -> None:
    """Kill two nodes: nothing may be acknowledged until they are back."""
    for _ in range(times):
        field.three.kill(2)
        since = field.three.kill(3)
        field.last(BELOW_SECONDS)
        meanwhile = [
            at for at in field.load.seen.acknowledged[-1000:] if at > since + ANSWER_SECONDS
        ]
        if meanwhile:
            raise AssertionError(f"{len(meanwhile)} commands were acknowledged by one of three")
        field.three.start()
        field.healed("two of three brokers lost, after they were back", time.time())
        field.place.wait_for_workers()
        field.hit()


def lose_one(field: Field, _times: int) -> None:
    """Kill the first node and leave it dead to the end of the run."""
    field.healed("one of three brokers lost for good", field.three.kill(1), STALL_SECONDS_MAX)
    field.more(50)
    field.place.wait_for_workers()
    field.hit()
