"""What every reader of facts does: drop repeats, name holes, commit no offset ahead of unanswered work."""

import pytest
from confluent_kafka import TopicPartition

from topics.consumer import PositionError, parse_position
from topics.events import Contiguity, Gap, Repeats
from topics.offsets import DoneOffsets


def test_a_second_copy_is_not_new() -> None:
    repeats = Repeats()
    assert [repeats.is_new(each) for each in ("a", "b", "a")] == [True, True, False]


def test_the_memory_of_ids_is_bounded_and_forgets_the_oldest() -> None:
    repeats = Repeats(most=2)
    for each in ("a", "b", "c"):
        repeats.is_new(each)
    assert repeats.is_new("a")
    assert not repeats.is_new("c")


def test_a_hole_is_named_with_its_place() -> None:
    order = Contiguity()
    found = [order.check("acme", value, f"t:0:{value}") for value in (5, 6, 9)]
    assert found == [None, None, Gap("acme", 7, 9, "t:0:9")]


def test_counters_of_tenants_do_not_mix() -> None:
    order = Contiguity()
    assert [order.check("a", 1, ""), order.check("b", 7, ""), order.check("a", 2, "")] == [None] * 3


def test_a_position_is_topic_partition_offset() -> None:
    assert parse_position("cp.workflow.events.v1:3:42") == ("cp.workflow.events.v1", 3, 42)


@pytest.mark.parametrize(
    "text", ["", "cp.commands.v1", "cp.commands.v1:x:1", "nonsense:0:1", "cp.commands.v1:1:-1"]
)
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(PositionError):
        parse_position(text)


def offsets(done: DoneOffsets) -> list[tuple[str, int, int]]:
    return [(p.topic, p.partition, p.offset) for p in done.take() if isinstance(p, TopicPartition)]


def test_an_offset_is_held_back_by_unanswered_work_before_it() -> None:
    done = DoneOffsets()
    for offset in (10, 11, 12):
        done.begin(("t", 0, offset))
    done.end(("t", 0, 11))
    assert offsets(done) == [("t", 0, 10)]
    done.end(("t", 0, 10))
    assert offsets(done) == [("t", 0, 12)]
    done.end(("t", 0, 12))
    assert offsets(done) == [("t", 0, 13)]


def test_an_offset_is_given_once() -> None:
    done = DoneOffsets()
    done.begin(("t", 0, 1))
    done.end(("t", 0, 1))
    assert offsets(done) == [("t", 0, 2)]
    assert offsets(done) == []
