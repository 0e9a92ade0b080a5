"""A tenant's order across topics: nothing shows before its predecessor, nothing is lost at a restart."""

from hypothesis import given, settings
from hypothesis import strategies as st

from query.decode import sequenced
from query.order import Order
from query.record import Sequenced
from tests.unit.query.story import story


def records(*tenants: str) -> list[Sequenced]:
    return [record for raw in story(*tenants).facts() if (record := sequenced(raw)[0]) is not None]


RECORDS = records("acme", "globex")


def released(order: Order, offered: list[Sequenced]) -> list[tuple[str, int]]:
    return [
        (one.envelope.tenant_id, one.sequence) for record in offered for one in order.offer(record)
    ]


@settings(deadline=None)
@given(st.permutations(range(len(RECORDS))), st.integers(0, len(RECORDS)))
def test_any_interleaving_is_released_in_order_and_survives_a_restart(
    places: list[int], crash_after: int
) -> None:
    # Topics keep their own order; only their interleaving is free.
    by_topic: dict[tuple[str, int], list[Sequenced]] = {}
    for record in RECORDS:
        by_topic.setdefault(record.position[:2], []).append(record)
    left = {place: iter(rows) for place, rows in by_topic.items()}
    arrival = [next(left[RECORDS[place].position[:2]]) for place in places]

    before = Order()
    shown = released(before, arrival[:crash_after])
    safe = before.safe()
    heads: dict[str, int] = {}
    for tenant, sequence in shown:
        assert sequence == heads.get(tenant, 0) + 1
        heads[tenant] = sequence

    after = Order(heads)
    again = [one for one in arrival if one.position.offset >= safe.get(one.position[:2], 0)]
    shown += released(after, again)
    assert sorted(shown) == sorted((one.envelope.tenant_id, one.sequence) for one in RECORDS)
    assert after.held_count == 0
    assert after.waiting() == {}


def test_what_waits_for_a_hole_is_named_and_pins_its_offset() -> None:
    order = Order()
    rows = records("acme")
    assert released(order, rows[1:]) == []
    assert order.waiting() == {"acme": 1}
    assert order.held_count == len(rows) - 1
    first_of_topic = rows[1]
    assert order.safe()[first_of_topic.position[:2]] == first_of_topic.position.offset
    assert first_of_topic.position[:2] in order.ahead()
    assert len(released(order, rows[:1])) == len(rows)
    assert order.ahead() == set()


def test_a_repeat_is_dropped_and_counted() -> None:
    order = Order()
    rows = records("acme")
    released(order, rows)
    assert released(order, rows) == []
    assert order.repeated_count == len(rows)


def test_a_held_record_that_comes_again_is_held_once() -> None:
    order = Order()
    rows = records("acme")
    assert released(order, [rows[2], rows[2]]) == []
    assert order.held_count == 1
    assert len(released(order, rows[:2])) == 3
