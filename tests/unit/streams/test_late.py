"""State that a restore leaves encoded: the same records, the same order, and what is unreadable is found at once."""

import pytest
from msgspec import structs

from schemas.catalogue import catalogue
from schemas.codec import encode_state
from schemas.errors import (
    MalformedRecordError,
    PayloadInvalidError,
    PoisonError,
    UnknownSchemaError,
)
from schemas.ids import TaskId, TenantId, WorkflowInstanceId
from schemas.messages.envelope import StateEntry
from schemas.messages.runtime.state import CommandMemory
from schemas.messages.workflow.state import HeldReservation, WaitingQueue
from streams.late import LateEntry, UnreadableStateError, late_entries
from streams.layout import ORDER
from streams.memory import CycleMemory
from streams.partition import Partition
from streams.state_key import state_key
from streams.wiring import Entry, Key, Store, standard_rules

ACME = TenantId("acme")
QUEUE = WaitingQueue(agent_role="Adder", priority=3, waiting=7)

HELD = HeldReservation(
    workflow_instance_id=WorkflowInstanceId("wf-00000000-0000-7000-8000-000000000001"),
    task_id=TaskId("task-00000000-0000-7000-8000-000000000001"),
    attempt=1,
    input_tokens=1,
    output_tokens=1,
    cost=1,
    settles_at=1000,
)


def as_it_is(_raw: bytes, error: PoisonError | PayloadInvalidError) -> Exception:
    """Give the error as it came."""
    return error


def unwatched() -> None:
    """Tell nobody."""


def read(newest: dict[bytes, bytes | None]) -> dict[Key, Entry | None]:
    """Give what a restore makes of a changelog's newest values."""
    return dict(late_entries(newest, as_it_is, unwatched))


def test_a_late_entry_is_the_entry_that_it_stands_for() -> None:
    late = LateEntry(encode_state(QUEUE, 900))
    assert late.look() == QUEUE
    assert late == Entry(QUEUE, 900)
    assert (late.value, late.version, late.look()) == (QUEUE, 900, QUEUE)
    assert late.value is late.value
    with pytest.raises(AttributeError):
        _ = late.name


def test_the_order_of_a_restore_does_not_follow_the_changelog() -> None:
    keys = [Key(ACME, "WaitingStep", f"queues/Adder.3/{number:03}") for number in (3, 1, 2)]
    store = Store()
    store.apply(read({state_key(key): encode_state(QUEUE, 0) for key in keys}))
    assert list(store.groups[ACME, "WaitingStep", "queues"]) == sorted(k.record_id for k in keys)
    assert all(isinstance(entry, LateEntry) for entry in store.entries.values())


def test_a_removal_is_a_removal_and_what_is_read_is_forgotten() -> None:
    key = Key(ACME, "WaitingQueue", "queues/Adder.3")
    newest: dict[bytes, bytes | None] = {state_key(key): None}
    assert read(newest) == {key: None}
    assert newest == {}


def test_what_every_command_needs_is_decoded_at_once() -> None:
    key = Key(ACME, CommandMemory.__name__, f"{1:020}-cp.commands.v1-0")
    memory = CommandMemory(decided_at=5, commands=())
    entry = read({state_key(key): encode_state(memory, 0)})[key]
    assert entry == Entry(memory, 0)
    assert not isinstance(entry, LateEntry)


@pytest.mark.parametrize("version", [0, 63, 64, 70_000, 2**40])
def test_a_schema_that_this_release_lacks_is_refused_at_once(version: int) -> None:
    whole = encode_state(QUEUE, version)
    assert read({b"acme|WaitingQueue|q": whole})
    number = catalogue().by_type[WaitingQueue].id
    unknown = whole.replace(encoded(number), encoded(number + 4000), 1)
    assert unknown != whole
    with pytest.raises(UnknownSchemaError):
        read({b"acme|WaitingQueue|q": unknown})


def encoded(number: int) -> bytes:
    """Give the Avro bytes of an integer between 64 and 8191."""
    return bytes(((number << 1) & 0x7F | 0x80, number >> 6))


def test_another_frame_is_refused_at_once() -> None:
    foreign = b"\0\0\0\0\1" + encode_state(QUEUE, 0)[5:]
    assert catalogue().by_type[StateEntry].id != 1
    with pytest.raises(MalformedRecordError):
        read({b"acme|WaitingQueue|q": foreign})


def test_a_record_that_cannot_be_decoded_is_no_defect_of_the_decision_that_asks_for_it() -> None:
    late = LateEntry(encode_state(QUEUE, 0)[:-1])
    with pytest.raises(UnreadableStateError):
        _ = late.value
    assert not issubclass(UnreadableStateError, Exception)


def held(store: Store) -> Partition:
    """Give a partition that holds the store."""
    positions = dict.fromkeys(ORDER, 0)
    return Partition(0, store, positions, standard_rules(), horizon_us=1)


def test_deadlines_of_late_entries_are_found_piece_by_piece() -> None:
    keys = [Key(ACME, HeldReservation.__name__, f"r{number}") for number in range(5)]
    newest: dict[bytes, bytes | None] = {
        state_key(key): encode_state(structs.replace(HELD, settles_at=1000 + number), 0)
        for number, key in enumerate(keys)
    }
    newest[b"acme|WaitingQueue|q"] = encode_state(QUEUE, 0)
    store = Store()
    store.apply(read(newest))
    partition = held(store)
    assert partition.deadlines.earliest() is None
    assert not partition.is_indexed
    settled, moved = keys[0], keys[1]
    # Both are changed before they are looked at.
    later = Entry(structs.replace(HELD, settles_at=5000), 0)
    cycle = CycleMemory(partition.memory)
    partition.expose({settled: None, moved: later}, partition.positions, cycle)
    for left in (False, True):
        partition.index(3)
        assert partition.is_indexed is left
    due = partition.deadlines.take_due(10_000, 10)
    assert due == [(1002, keys[2]), (1003, keys[3]), (1004, keys[4]), (5000, moved)]
    untouched = (store.entries[key] for key in (*keys[2:], Key(ACME, "WaitingQueue", "q")))
    assert all(hasattr(entry, "_encoded") and entry._encoded for entry in untouched)
