"""A record that kills every worker that decides it (B16): found, tried alone, set aside; the rest goes on."""

from typing import Final

from schemas.edge_model import model_of
from tests.fault.field import BACK_SECONDS, Field
from tests.fault.odd_worker import POISON
from tests.fault.site import DRIVER, WORKERS
from tests.integration.dead_letters import DeadLetters
from topics.command import uuid7
from topics.producer import CommandProducer

TENANT: Final = "fault-a"
ENDS: Final = 3


def poison(field: Field, times: int) -> None:
    """Send the record to workers that die of it."""
    place = field.place
    for name in WORKERS:
        place.stop(name)
        place.start_odd_worker(name)
    place.wait_for_workers()
    for _ in range(times):
        before = sum(place.kills_in_log(name) for name in WORKERS)
        letters = DeadLetters(place.bootstrap)
        _send(field)
        [letter] = letters.take(1, BACK_SECONDS)  # three ends, each with a restore of all
        ends = sum(place.kills_in_log(name) for name in WORKERS) - before
        field.account.note(
            f"poison: {ends} ends, dead letter {letter.code} after {letter.attempts}"
        )
        if (ends, letter.code, letter.attempts) != (ENDS, "POISON_CRASH", ENDS):
            raise AssertionError("the record was not set aside after three ends")
        field.more(20)
        field.hit()
    for name in WORKERS:
        place.roll_worker(name)
    place.wait_for_workers()


def _send(field: Field) -> None:
    """Send a start that the odd workers die of."""
    fields = {
        "workflowInstanceId": f"wf-{uuid7()}",
        "definitionOwner": "system",
        "definitionName": POISON,
        "definitionVersion": "",
        "input": "{}",
        "priority": 3,
    }
    with CommandProducer(DRIVER, field.place.bootstrap) as producer:
        record = producer.prepare(model_of("StartWorkflow").model_validate(fields), TENANT)
        field.journal.sent(record)
        producer.deliver(record)
        field.journal.answered(record, acknowledged=True)
