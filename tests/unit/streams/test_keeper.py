"""Where the state of an assigned partition comes from: what is believed, and what is not."""

from collections.abc import Iterator
from unittest import mock

import pytest

from streams import keeper as module
from streams.clients import DoubtError
from streams.inputs import UNKNOWN
from streams.keeper import Keeper
from streams.layout import Layout
from streams.partition import Partition
from streams.restore import Restored, check_positions
from streams.settings import Settings
from streams.wiring import Store
from tests.integration.streams import toy
from topics import naming

LAYOUT = Layout(partitions=2, admits=toy.admits)
AT_FIVE = dict.fromkeys(LAYOUT.inputs, 5)
NOTHING = dict.fromkeys(LAYOUT.inputs, UNKNOWN)
END = 40
"""Where the changelog ends."""


class Broker:
    """What a keeper asks and tells: ends of logs, restores, rebuilds, where this process wrote last."""

    def __init__(self) -> None:
        self.written_to = END
        self.found = Restored(following=END)
        self.restored: list[int] = []
        self.rebuilt: list[int] = []
        self.has_facts = False

    def end(self, places: Iterator[tuple[str, int]]) -> dict[tuple[str, int], int]:
        return dict.fromkeys(places, END)

    def first(self, places: Iterator[tuple[str, int]]) -> dict[tuple[str, int], int]:
        return dict.fromkeys(places, 0)

    def restore(self, numbers: list[int]) -> dict[int, Restored]:
        self.restored += numbers
        return dict.fromkeys(numbers, self.found)

    def state_end(self, _number: int) -> int:
        return self.written_to

    def write(self, _number: int, outputs: object) -> None:
        assert outputs

    def is_needed(self, _number: int) -> bool:
        return self.has_facts

    def rebuild(self, number: int, stable: dict[str, int]) -> tuple[Store, dict[str, int], object]:
        self.rebuilt.append(number)
        return Store(), {topic: max(0, offset) for topic, offset in stable.items()}, {}


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def keeper(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Keeper:
    monkeypatch.setattr(module, "KnownFacts", mock.Mock())
    monkeypatch.setattr(module, "Rebuilder", lambda *_, **__: broker)
    stands_for: mock.Mock = broker  # type: ignore[assignment]
    return Keeper(
        Settings(bootstrap="nobody:1"), LAYOUT, toy.rules(),
        log_ends=stands_for, restorer=stands_for, writer=stands_for, board=mock.Mock(), beat=mock.Mock(),
    )  # fmt: skip


def held() -> dict[int, Partition]:
    return {0: Partition(0, Store(), AT_FIVE, toy.rules(), horizon_us=1)}


def test_memory_is_kept_where_group_and_changelog_are_as_this_process_left_them(
    keeper: Keeper, broker: Broker
) -> None:
    mine = held()
    assert keeper.keep(mine, [0], {0: AT_FIVE}) == mine
    assert broker.restored == []


def test_memory_is_not_kept_where_the_group_has_moved(keeper: Keeper, broker: Broker) -> None:
    keeper.keep(held(), [0], {0: {**AT_FIVE, naming.COMMANDS: 6}})
    assert broker.restored == [0]


def test_memory_is_not_kept_where_another_wrote_the_state_anew(
    keeper: Keeper, broker: Broker
) -> None:
    """A rebuild moves no position of the group; the changelog is another all the same."""
    broker.written_to = END - 9
    keeper.keep(held(), [0], {0: AT_FIVE})
    assert broker.restored == [0]


def test_memory_that_was_restored_and_never_written_is_kept(keeper: Keeper, broker: Broker) -> None:
    broker.written_to = 0
    mine = keeper.keep({}, [0], {0: NOTHING})
    stable = {0: dict(mine[0].positions)}
    assert keeper.keep(mine, [0], stable) == mine
    assert broker.restored == [0]


@pytest.mark.parametrize(
    ("stable", "has_facts", "rebuilt"),
    [(NOTHING, False, []), (NOTHING, True, [0]), (AT_FIVE, False, [0])],
)
def test_a_partition_without_state_is_new_only_if_nobody_knows_of_a_decision(
    keeper: Keeper, broker: Broker, stable: dict[str, int], has_facts: bool, rebuilt: list[int]
) -> None:
    """Commands that were decided without a record leave no fact, but their ids were remembered."""
    broker.has_facts = has_facts
    keeper.keep({}, [0], {0: stable})
    assert broker.rebuilt == rebuilt


def test_a_state_behind_the_group_is_a_doubt() -> None:
    behind = Restored(positions={**AT_FIVE, naming.COMMANDS: 4})
    with pytest.raises(DoubtError, match="is behind the group at"):
        check_positions(0, behind, AT_FIVE, LAYOUT)


def test_a_rebuilt_state_may_be_behind_a_group_that_it_did_not_know() -> None:
    behind = Restored(positions={**AT_FIVE, naming.COMMANDS: 4}, is_rebuilt=True)
    check_positions(0, behind, AT_FIVE, LAYOUT)


def test_a_state_for_other_input_topics_is_a_doubt() -> None:
    with pytest.raises(DoubtError, match="other input topics"):
        check_positions(0, Restored(positions={naming.COMMANDS: 4}), AT_FIVE, LAYOUT)
