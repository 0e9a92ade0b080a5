"""Fair share inside what was fetched: who gets how much of a cycle, in which order, and where the positions stand."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import GENESIS_HASH
from schemas.ids import TenantId
from schemas.messages.runtime.state import TenantHead
from streams.ahead import SPAN, Ahead, beyond, offsets_of, runs
from streams.backlog import HELD_BYTES_MAX, HELD_MAX, RECENT, Backlog
from streams.layout import ORDER
from streams.records import InputRecord
from streams.wiring import Entry, Key, Store
from topics import naming

if TYPE_CHECKING:
    from streams.partition import Partition

COMMANDS, RESULTS, CATALOGUE = naming.COMMANDS, naming.AGENT_MESH_RESULTS, naming.CATALOGUE
HEAD = TenantHead(sequence=1, hash=GENESIS_HASH, decided_at=1, context_sequences=())


@dataclass
class Place:
    """A partition as far as a backlog looks at it."""

    number: int = 0
    store: Store = field(default_factory=Store)
    positions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ORDER, 0))
    ahead: Ahead = field(default_factory=dict)


class Bench:
    """A backlog over one partition that knows some tenants."""

    def __init__(self, *tenants: str) -> None:
        self.place = Place()
        keys = (Key(TenantId(tenant), "TenantHead", "head") for tenant in tenants)
        self.place.store.apply({key: Entry(HEAD, 0) for key in keys})
        self.backlog = Backlog(ORDER)
        self.ends = dict.fromkeys(ORDER, 0)

    def send(self, tenant: str, count: int = 1, topic: str = COMMANDS) -> None:
        """Fetch some records of a tenant, behind what was fetched before."""
        first = self.ends[topic]
        self.offer(
            *(record(tenant, offset, topic) for offset in range(first, first + count)),
        )
        self.ends[topic] += count

    def offer(self, *records: InputRecord) -> None:
        """Fetch records."""
        self.backlog.offer(records, {0: cast("Partition", self.place)})

    def cycle(
        self, limit: int = 1000, share: int = 1000, *, fair: bool = True
    ) -> list[InputRecord]:
        """Take a cycle's records and let them be decided, as a commit does."""
        taken = self.backlog.take(limit, share, fair=fair)
        if taken or self.backlog.moved():
            reach = self.backlog.reach(0, ())
            positions = {t: max(at, reach.get(t, at)) for t, at in self.place.positions.items()}
            decided: dict[str, list[int]] = {}
            for each in taken:
                decided.setdefault(each.topic, []).append(each.offset)
            self.place.ahead = beyond(positions, self.place.ahead, decided)
            self.place.positions = positions
        return taken

    def decided_to(self, tenant: str, topic: str = COMMANDS) -> int:
        """Give below which offset a tenant has nothing left."""
        place = cast("Partition", self.place)
        return self.backlog.decided_to(place, TenantId(tenant), topic)


def record(tenant: str, offset: int, topic: str = COMMANDS) -> InputRecord:
    return InputRecord(topic, 0, offset, tenant.encode(), b"", [], offset)


def of(records: list[InputRecord], tenant: str) -> list[int]:
    return [each.offset for each in records if each.key == tenant.encode()]


def test_a_tenant_that_is_alone_gets_all_of_a_cycle() -> None:
    bench = Bench("loud")
    bench.send("loud", 50)
    assert of(bench.cycle(share=4), "loud") == list(range(50))
    assert bench.place.positions[COMMANDS] == 50


def test_a_quiet_tenant_does_not_wait_for_what_a_loud_one_sent_before_it() -> None:
    bench = Bench("loud", "quiet")
    bench.send("loud", 500)
    bench.send("quiet", 2)
    first = bench.cycle(limit=40, share=8)
    assert of(first, "quiet") == [500, 501]
    assert len(of(first, "loud")) <= 8 + 1
    assert bench.place.positions[COMMANDS] == len(of(first, "loud"))
    assert bench.place.ahead == {COMMANDS: frozenset({500, 501})}


def test_two_loud_tenants_have_half_a_cycle_each() -> None:
    bench = Bench("loud", "louder")
    bench.send("loud", 200)
    bench.send("louder", 200)
    taken = bench.cycle(limit=100, share=4)
    assert len(of(taken, "loud")) in range(48, 53)
    assert len(of(taken, "louder")) in range(48, 53)


def test_who_was_quiet_lately_is_thought_of_and_after_a_while_forgotten() -> None:
    bench = Bench("loud", "quiet")
    bench.send("quiet")
    bench.cycle()
    bench.send("loud", 4000)
    assert len(bench.cycle(limit=100, share=4)) == 5
    for _ in range(RECENT):
        bench.cycle(limit=1, share=1)
    assert len(bench.cycle(limit=100, share=4)) == 100


def test_what_is_held_back_comes_in_its_order_and_the_positions_pass_it() -> None:
    bench = Bench("loud", "quiet")
    bench.send("loud", 20)
    bench.send("quiet")
    offsets = [offset for _ in range(10) for offset in of(bench.cycle(share=4), "loud")]
    assert offsets == list(range(20))
    assert bench.place.positions[COMMANDS] == 21
    assert bench.place.ahead == {}


def test_results_of_a_tenant_come_before_its_commands() -> None:
    bench = Bench("loud", "quiet")
    bench.send("quiet")
    bench.send("loud", 9)
    bench.send("loud", 3, RESULTS)
    taken = bench.cycle(share=3)
    assert [each.offset for each in taken if each.topic == RESULTS] == [0, 1, 2]
    assert [each.topic for each in taken][:3] == [RESULTS] * 3


def test_the_oldest_of_every_topic_is_among_those_taken() -> None:
    bench = Bench("a", "b")
    bench.send("a", 30)
    bench.send("b", 30, RESULTS)
    taken = bench.cycle(limit=1, share=1)
    assert {(each.topic, each.offset) for each in taken} == {(COMMANDS, 0), (RESULTS, 0)}


def test_the_catalogue_is_nobody_s_share() -> None:
    bench = Bench("a", "b")
    bench.send("a", 30)
    bench.send("b", 30)
    bench.send("system", 30, CATALOGUE)
    taken = bench.cycle(limit=4, share=2)
    assert len([each for each in taken if each.topic == CATALOGUE]) == 30


def test_invented_keys_share_one_share() -> None:
    bench = Bench("quiet")
    for number in range(40):
        bench.send(f"nobody-{number}")
    bench.send("quiet", 3)
    taken = bench.cycle(limit=12, share=4)
    assert of(taken, "quiet") == [40, 41, 42]
    assert len(taken) <= 3 + 4 + 1
    while bench.backlog.count:
        bench.cycle()
    assert not bench.backlog._held[0].strangers, "a key of which nothing is held is forgotten"


def test_a_new_tenant_s_records_keep_their_order_while_it_becomes_known() -> None:
    bench = Bench("quiet")
    bench.send("quiet")
    bench.send("fresh", 6)
    taken = of(bench.cycle(share=2), "fresh")
    key = Key(TenantId("fresh"), "TenantHead", "head")
    bench.place.store.apply({key: Entry(HEAD, 0)})
    bench.send("fresh", 6)
    bench.send("quiet")
    for _ in range(9):
        taken += of(bench.cycle(share=2), "fresh")
    assert taken == sorted(taken)
    assert len(taken) == 12


def test_nobody_gets_further_ahead_than_the_span() -> None:
    bench = Bench("loud", "quiet")
    bench.send("loud", 2)
    bench.send("quiet", SPAN + 10)
    taken = bench.cycle(limit=2 * SPAN, share=SPAN + 20)
    assert max(of(taken, "quiet")) < SPAN
    assert of(bench.cycle(limit=2 * SPAN, share=SPAN + 20), "quiet")[-1] == SPAN + 11


def test_a_record_that_was_decided_ahead_is_dropped_when_it_comes_again() -> None:
    bench = Bench("loud")
    bench.place.ahead = {COMMANDS: frozenset({1, 2})}
    bench.send("loud", 4)
    assert of(bench.cycle(), "loud") == [0, 3]
    assert bench.place.positions[COMMANDS] == 4
    assert bench.place.ahead == {}


def test_positions_pass_what_was_decided_ahead_though_nothing_else_comes() -> None:
    bench = Bench("loud")
    bench.place.positions[COMMANDS] = 5
    bench.place.ahead = {COMMANDS: frozenset({5, 6})}
    bench.offer(record("loud", 5), record("loud", 6))
    assert bench.cycle() == []
    assert bench.place.positions[COMMANDS] == 7


def test_a_position_passes_a_hole_that_no_record_fills() -> None:
    bench = Bench("loud")
    bench.offer(record("loud", 0), record("loud", 7))
    bench.cycle()
    assert bench.place.positions[COMMANDS] == 8


def test_what_is_pending_holds_the_position() -> None:
    bench = Bench("a")
    bench.send("a", 6)
    taken = bench.backlog.take(10, 10)
    assert bench.backlog.reach(0, taken[2:]) == {COMMANDS: 2}


def test_where_a_record_is_suspected_the_logs_order_counts() -> None:
    bench = Bench("loud", "quiet")
    bench.send("loud", 9)
    bench.send("quiet")
    taken = bench.cycle(limit=4, share=1, fair=False)
    assert [each.offset for each in taken] == [0, 1, 2, 3]


def test_no_more_is_fetched_than_may_be_held_and_a_poll_is_made_all_the_same() -> None:
    bench = Bench("loud")
    assert bench.backlog.room() == HELD_MAX
    bench.send("loud", HELD_MAX + 5)
    assert bench.backlog.room() == 1
    bench.backlog.clear()
    assert bench.backlog.room() == HELD_MAX


def test_large_records_fill_the_room_before_many_do() -> None:
    bench = Bench("loud")
    large = record("loud", 0)._replace(value=b"x" * HELD_BYTES_MAX)
    bench.offer(large)
    assert bench.backlog.room() == 1
    bench.cycle()
    assert bench.backlog.room() == HELD_MAX


def test_offsets_become_runs_and_come_back() -> None:
    offsets = frozenset({3, 4, 5, 9, 12, 13})
    assert [(run.first, run.count) for run in runs(offsets)] == [(3, 3), (9, 1), (12, 2)]
    assert offsets_of(runs(offsets)) == offsets
    assert runs([]) == ()


SENDS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "ghost"]),
        st.integers(1, 12),
        st.sampled_from([COMMANDS, RESULTS]),
    ),
    max_size=12,
)


@settings(max_examples=200, deadline=None)
@given(SENDS, st.integers(1, 9), st.integers(1, 9), st.data())
def test_whatever_is_sent_each_is_taken_once_in_its_tenant_s_order_and_a_restart_repeats_nothing(
    sends: list[tuple[str, int, str]], limit: int, share: int, data: st.DataObject
) -> None:
    bench = Bench("a", "b", "c")
    log: list[InputRecord] = []
    taken: list[InputRecord] = []
    for tenant, count, topic in sends:
        first = bench.ends[topic]
        log += [record(tenant, offset, topic) for offset in range(first, first + count)]
        bench.send(tenant, count, topic)
        for _ in range(data.draw(st.integers(0, 3))):
            before = dict(bench.place.positions)
            some = bench.cycle(limit, share)
            taken += some
            assert not some or bench.place.positions != before, (
                "a commit moves a position (guard 5)"
            )
        if data.draw(st.booleans()):
            # The process ends: memory is gone, what is not below the positions is fetched again.
            bench.backlog.clear()
            bench.offer(*(r for r in log if r.offset >= bench.place.positions[r.topic]))
    while bench.backlog.count:
        taken += bench.cycle(limit, share)
    bench.cycle(limit, share)
    assert sorted(taken) == sorted(log)
    for tenant in ("a", "b", "c", "ghost"):
        for topic in (COMMANDS, RESULTS):
            offsets = [r.offset for r in taken if (r.key, r.topic) == (tenant.encode(), topic)]
            assert offsets == sorted(offsets)
    assert all(bench.place.positions[topic] == end for topic, end in bench.ends.items())
    assert bench.place.ahead == {}


def test_a_flood_is_one_tenant_that_sends_nearly_all_while_others_send_too() -> None:
    bench = Bench("loud", "quiet", "calm")
    bench.send("loud", 50)
    bench.cycle()
    assert not bench.backlog.has_flood  # alone: nobody waits for it
    bench.send("quiet")
    assert bench.backlog.has_flood
    bench.cycle()
    bench.send("quiet", 20)
    bench.send("calm", 20)
    assert not bench.backlog.has_flood
    bench.send("loud", 500)
    assert bench.backlog.has_flood


def test_a_flood_is_over_when_its_others_have_gone() -> None:
    bench = Bench("loud", "quiet")
    bench.send("quiet")
    for _ in range(RECENT + 2):
        bench.send("loud", 5)
        bench.cycle()
    assert not bench.backlog.has_flood
    bench.send("quiet")
    assert bench.backlog.has_flood
    bench.backlog.clear()
    assert not bench.backlog.has_flood


def test_what_a_tenant_has_left_is_said_whatever_others_have() -> None:
    bench = Bench("loud", "quiet")
    bench.send("loud", 10)
    bench.send("quiet", 2)
    bench.send("loud", 10)
    bench.cycle(limit=6, share=3)
    assert bench.decided_to("quiet") == 22
    assert 0 < bench.decided_to("loud") < 20
    assert bench.decided_to("silent") == 22
    assert bench.decided_to("silent", RESULTS) == 0
    while bench.cycle():
        pass
    assert bench.decided_to("loud") == bench.place.positions[COMMANDS] == 22


def test_a_key_that_is_no_tenant_yet_has_left_what_the_partition_has() -> None:
    bench = Bench("loud")
    bench.send("loud", 5)
    bench.send("ghost", 5)
    bench.cycle(limit=2, share=2)
    assert bench.decided_to("ghost") == bench.place.positions[COMMANDS] < 10
