"""Which record waits for which deadline."""

from msgspec import Struct

from schemas.ids import TenantId
from streams.deadlines import Deadlines
from streams.wiring import Key


class Lease(Struct, frozen=True):
    """A record that may wait."""

    until: int | None


def key(name: str) -> Key:
    """Give the key of a lease."""
    return Key(TenantId("acme"), "Lease", name)


def index(**waits: int | None) -> Deadlines:
    """Give an index of leases by name."""
    deadlines = Deadlines(lambda record: record.until if isinstance(record, Lease) else None)
    for name, until in waits.items():
        deadlines.note(key(name), Lease(until))
    return deadlines


def test_deadlines_come_up_earliest_first_and_once() -> None:
    deadlines = index(b=20, a=10, c=30, d=None)
    assert deadlines.earliest() == 10
    assert deadlines.take_due(20, 10) == [(10, key("a")), (20, key("b"))]
    assert deadlines.take_due(20, 10) == []
    assert deadlines.earliest() == 30
    assert len(deadlines) == 3, "taken out, but still waited for"


def test_a_moved_and_a_removed_record_do_not_come_up() -> None:
    deadlines = index(a=10, b=10, c=10)
    deadlines.note(key("a"), Lease(50))
    deadlines.note(key("b"), None)
    deadlines.note(key("c"), Lease(None))
    assert deadlines.take_due(40, 10) == []
    assert not deadlines.still_waits(10, key("a"))
    assert deadlines.take_due(50, 10) == [(50, key("a"))]


def test_no_more_than_the_limit_come_up_at_once() -> None:
    deadlines = index(a=1, b=2, c=3)
    assert [at for at, _ in deadlines.take_due(9, 2)] == [1, 2]
    assert [at for at, _ in deadlines.take_due(9, 2)] == [3]


def test_a_deadline_in_hand_comes_up_again_only_when_put_back() -> None:
    deadlines = index(a=10)
    deadlines.take_due(10, 1)
    deadlines.note(key("a"), Lease(10))
    assert deadlines.earliest() is None
    deadlines.put_back(10, key("a"), 14)
    assert deadlines.take_due(13, 1) == []
    assert deadlines.take_due(14, 1) == [(10, key("a"))]
    deadlines.note(key("a"), None)
    deadlines.put_back(10, key("a"), 20)
    assert deadlines.earliest() is None
