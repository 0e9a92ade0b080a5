"""What speaks against a start, without a broker: counts, keys, a name that is held or still in the group."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.catalogue import catalogue
from schemas.codec import encode_framed
from schemas.messages.envelope import StateEntry
from schemas.messages.runtime.state import InputPositions
from schemas.output import OperatorError
from streams import identity as module
from streams.identity import Identity, lock_path
from streams.keys import parsed_keys
from streams.layout import Layout
from streams.settings import Settings
from streams.start import check_counts, check_fact, check_key, check_written, readable
from topics.catalogue import TOPICS

LAYOUT = Layout(prefix="t.", partitions=2)
COUNTS = {f"t.{topic.name}": 2 for topic in TOPICS}
OLD, NEW = f"k1:{'o' * 32}", f"k2:{'n' * 32}"


def settings(folder: Path, **changes: str) -> Settings:
    """Give settings of a worker named w1 whose dead sessions end at once."""
    return Settings(
        bootstrap="127.0.0.1:9", local=folder, worker_name="w1", session_timeout_ms=1, **changes
    )


# -- topics and state --------------------------------------------------------------------------------
def test_every_topic_that_holds_a_tenants_place_has_the_layouts_partitions() -> None:
    check_counts(COUNTS, LAYOUT)
    check_counts({**COUNTS, "t.cp.audit.checkpoints.v1": 1, "another": 7}, LAYOUT)
    with pytest.raises(OperatorError, match=r"1 of 21 topics .* than 2, t\.cp\.state\.v1 has 3"):
        check_counts({**COUNTS, "t.cp.state.v1": 3}, LAYOUT)
    less = {name: count for name, count in COUNTS.items() if name != "t.cp.timers.v1"}
    with pytest.raises(OperatorError, match=r"lacks 1 topics, t\.cp\.timers\.v1 first: create"):
        check_counts(less, LAYOUT)


def test_state_of_another_partition_count_is_refused_and_unnoted_is_not() -> None:
    for noted in (0, 2):
        check_written(1, InputPositions(positions=(), partitions=noted), 2)
    with pytest.raises(OperatorError, match=r"Partition 1 .* there were 4 partitions, now .* 2"):
        check_written(1, InputPositions(positions=(), partitions=4), 2)


def test_a_state_record_that_cannot_be_read_is_told_by_its_kind() -> None:
    newer = encode_framed(StateEntry(aggregate_version=1, value_schema_id=900_999, value=b""))
    assert readable(0, b"acme|Tenant|acme", None) is None
    with pytest.raises(OperatorError, match=r"kind Tenant .* partition 5 .* newer version than v1"):
        readable(5, b"acme|Tenant|acme", newer)
    with pytest.raises(OperatorError, match=r"lock of this release lacks a schema .* kind Vase"):
        readable(5, b"acme|Vase|v1", newer)


def test_a_state_record_of_another_schema_under_its_id_is_told_and_a_strange_fact_passed_by() -> (
    None
):
    entry = catalogue().by_type[InputPositions]
    other = encode_framed(StateEntry(aggregate_version=0, value_schema_id=entry.id, value=b"\x02"))
    with pytest.raises(OperatorError, match=r"kind InputPositions .* does not decode under"):
        readable(3, b"\0positions", other)
    with pytest.raises(OperatorError, match=r"kind unknown .* does not decode under"):
        readable(3, b"nonsense", b"nonsense")
    for value in (None, b"", b"nonsense"):
        check_fact("cp.projects.events.v1:0:7", value)


def test_the_key_that_signed_must_be_held_newest_or_older(tmp_path: Path) -> None:
    noted = parsed_keys(OLD).newest
    for held in (OLD, f"{NEW},{OLD}"):
        check_key(0, noted, parsed_keys(held), settings(tmp_path))
    check_key(0, "", parsed_keys(NEW), settings(tmp_path))
    with pytest.raises(OperatorError, match=r"lease\.key lacks key k1, the one"):
        check_key(0, noted, parsed_keys(NEW), settings(tmp_path))
    other = f"k1:{'x' * 32}"
    with pytest.raises(OperatorError, match="FACTORY_LEASE_SECRET has another key k1 than") as told:
        check_key(0, noted, parsed_keys(other), settings(tmp_path, lease_secret=other))
    assert "o" * 32 not in str(told.value)
    assert "x" * 32 not in str(told.value)


# -- the name ----------------------------------------------------------------------------------------
@dataclass
class Member:
    """A member of the group."""

    member_id: str
    host: str = "/10.1.2.3"


class Group:
    """A group that gives the same answer until it has been asked so often."""

    def __init__(self, member: Member | None, asked_max: int = 10_000) -> None:
        self._member = member
        self._left = asked_max
        self.beats = 0

    def find(self) -> Member | None:
        self._left -= 1
        return self._member if self._left >= 0 else None

    def beat(self) -> None:
        self.beats += 1


Name = Callable[[Group], Identity]
"""Gives the name w1 in the test's folder."""


@pytest.fixture
def name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Name]:
    """Give names that wait for nothing for long and are let go at the end."""
    monkeypatch.setattr(module, "LOCK_WAIT_S", 0.05)
    monkeypatch.setattr(module, "BEYOND_SESSION_S", 0.3)
    monkeypatch.setattr(module, "POLL_S", 0.01)
    made: list[Identity] = []

    def make(group: Group) -> Identity:
        made.append(Identity(settings(tmp_path), group.beat, group.find))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for identity in made:
        identity.release()


def test_a_name_is_held_once_a_folder_and_free_again_when_it_is_let_go(
    name: Name, tmp_path: Path
) -> None:
    first, second = name(Group(None)), name(Group(None))
    first.claim()
    pid = json.loads(lock_path(tmp_path, "w1").read_text())["pid"]
    with pytest.raises(OperatorError, match=f"named w1 runs already as process {pid} .*--name"):
        second.claim()
    first.release()
    second.claim()


def test_the_member_that_this_folder_noted_is_our_former_self(name: Name, tmp_path: Path) -> None:
    former = name(Group(None))
    former.claim()
    former.note("w1-1111")
    former.release()
    group = Group(Member("w1-1111"))
    again = name(group)
    again.claim()
    again.await_others_end()
    assert group.beats == 0, "it waited for nothing"
    assert json.loads(lock_path(tmp_path, "w1").read_text())["member"] == "w1-1111"


def test_a_strangers_member_is_waited_for_and_refused_for_if_it_stays(name: Name) -> None:
    leaving = Group(Member("w1-2222"), asked_max=5)
    waiter = name(leaving)
    waiter.claim()
    waiter.await_others_end()
    assert leaving.beats == 5
    waiter.release()
    staying = name(Group(Member("w1-2222")))
    staying.claim()
    with pytest.raises(OperatorError, match=r"already at 10\.1\.2\.3 \(group member w1-2222\)"):
        staying.await_others_end()


@pytest.mark.parametrize("left", ["", "{", "[]", '{"member": 7}'])
def test_a_note_that_was_half_written_makes_everybody_a_stranger(
    name: Name, tmp_path: Path, left: str
) -> None:
    path = lock_path(tmp_path, "w1")
    path.parent.mkdir(parents=True)
    path.write_text(left)
    group = Group(Member("w1-3333"), asked_max=2)
    claimed = name(group)
    claimed.claim()
    claimed.await_others_end()
    assert group.beats == 2


def test_only_who_holds_the_name_may_note_a_member(name: Name) -> None:
    with pytest.raises(AssertionError, match="claimed before"):
        name(Group(None)).note("w1-1")
