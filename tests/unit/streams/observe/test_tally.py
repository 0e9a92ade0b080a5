"""What is counted for operators: bounded in size, and no counter ever falls."""

import pytest

from streams.figures import Board
from streams.observe.tally import OTHERS, BusiestTenants, Distribution


def test_a_value_on_a_bound_counts_up_to_it() -> None:
    values = Distribution((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 9.0):
        values.note(value)
    assert values.buckets() == ((1.0, 2.0), (2, 3), 4, 12.0)


def test_so_many_tenants_have_a_place_and_all_others_are_one() -> None:
    tenants = BusiestTenants(limit=2, window_s=60)
    for number in range(1000):
        tenants.note({(f"t{number}", ""): 1}, 0.0)
    assert tenants.counts() == {"t0": (1, 0), "t1": (1, 0), OTHERS: (998, 0)}


def test_the_busiest_of_a_window_get_the_places() -> None:
    tenants = BusiestTenants(limit=2, window_s=60)
    tenants.note({("early", ""): 1, ("steady", ""): 5, ("late", ""): 1}, 0.0)
    tenants.note({("late", ""): 50, ("late", "FORBIDDEN"): 3}, 59.0)
    before = tenants.counts()
    assert before == {"early": (1, 0), "steady": (5, 0), OTHERS: (51, 3)}
    tenants.note({("late", "FORBIDDEN"): 2}, 61.0)
    assert tenants.counts() == {"late": (0, 2), "steady": (5, 0), OTHERS: (51, 3)}


def test_no_counter_falls_whoever_comes_and_goes() -> None:
    tenants = BusiestTenants(limit=3, window_s=10)
    before: dict[str, tuple[int, int]] = {}
    for step in range(2000):
        tenants.note({(f"t{(step * step) % 17}", ""): 1 + step % 5}, float(step))
        now = tenants.counts()
        assert len(now) <= 4
        for tenant in now.keys() & before.keys():
            assert now[tenant] >= before[tenant]
        before = now


@pytest.mark.parametrize("name", ["(others)"])
def test_no_tenant_can_have_the_name_of_the_others(name: str) -> None:
    assert name == OTHERS
    assert not name.replace("-", "").isalnum()


def test_a_cycle_is_counted_by_size_time_and_outcome() -> None:
    board = Board()
    board.cycle(
        records=3,
        decide_s=0.002,
        commit_s=0.004,
        wait_s=0.02,
        outcomes=[{("acme", ""): 2}, {("bolt", "FORBIDDEN"): 1}],
    )
    spread = board.spread()
    assert (spread.cycle_records.values, spread.cycle_records.total) == (1, 3)
    assert spread.commit_s.cumulative[:3] == (0, 0, 1)
    assert spread.refusals == {"FORBIDDEN": 1}
    assert spread.tenants == {"acme": (2, 0), "bolt": (0, 1), OTHERS: (0, 0)}
