"""When deadlines become timers: not before what their own tenant sent is decided, whatever others sent."""

from collections.abc import Iterable
from unittest import mock

import pytest

from schemas.codec import decode_envelope
from schemas.ids import TenantId
from streams import timers as module
from streams.crashpoints import CrashPoints
from streams.layout import INTERNAL, Layout
from streams.partition import Partition
from streams.timers import Timers
from streams.wiring import Entry, Key, Store
from tests.integration.streams import toy
from tests.integration.streams.toy import Jar
from topics import naming

LAYOUT = Layout(partitions=1, admits=toy.admits)
NOW = 1_000
ENDS = {topic: 10 for topic in LAYOUT.inputs if topic not in INTERNAL}

toy.register()


class World:
    """A partition whose jars spill, a clock, a broker that says where its logs end, and what each tenant has left."""

    def __init__(self) -> None:
        self.store = Store()
        self.partition = self.holding()
        self.producer = mock.Mock()
        self.answered = True
        self.asked = 0
        self.left: dict[str, int] = {}
        """Tenant -> offset of the oldest command that is not decided."""
        stands_for: mock.Mock = self  # type: ignore[assignment]
        self.timers = Timers(
            LAYOUT, self.producer, stands_for,
            clock=lambda: NOW, crash=CrashPoints(""), board=mock.Mock(),
        )  # fmt: skip

    def holding(self, *tenants: str) -> Partition:
        """Give the partition with a jar of each tenant that has to spill by now."""
        jars = {
            Key(TenantId(tenant), "Jar", f"jar-{number}"): Entry(Jar(total=1, spills_at=NOW - 1), 0)
            for number, tenant in enumerate(tenants)
        }
        self.store.apply(jars)  # type: ignore[arg-type]
        return Partition(0, self.store, dict.fromkeys(LAYOUT.inputs, 0), toy.rules(), horizon_us=1)

    def ask_end(self, _places: Iterable[object]) -> mock.Mock:
        self.asked += 1
        answer = mock.Mock(**{"is_there.return_value": self.answered})
        answer.result.return_value = {(topic, 0): end for topic, end in ENDS.items()}
        return answer

    def step(self, times: int = 1) -> list[str]:
        """Step; give the tenants of the timers that were put on their topic."""
        self.producer.produce.reset_mock()
        for _ in range(times):
            self.timers.step({0: self.partition}, self.decided_to)
        values = (call.args[1] for call in self.producer.produce.call_args_list)
        return [decode_envelope(value).tenant_id for value in values]

    def decided_to(self, _partition: Partition, tenant_id: TenantId, topic: str) -> int:
        return self.left.get(tenant_id, 99) if topic == naming.COMMANDS else 99


@pytest.fixture
def world() -> World:
    return World()


def test_a_deadline_fires_once_the_ends_are_known_and_decided(world: World) -> None:
    world.partition = world.holding("acme")
    assert world.step() == []
    assert world.step() == ["acme"]
    assert world.step(3) == []


def test_a_deadline_waits_for_what_its_own_tenant_sent_before(world: World) -> None:
    world.partition = world.holding("acme")
    world.left = {"acme": 9}
    assert world.step(5) == []
    world.left = {"acme": 10}
    assert world.step() == ["acme"]


def test_a_deadline_does_not_wait_for_the_flood_of_another(world: World) -> None:
    world.partition = world.holding("loud", "quiet")
    world.left = {"loud": 0}
    assert world.step(2) == ["quiet"]
    assert world.step(3) == []
    world.left = {}
    assert world.step() == ["loud"]


def test_later_deadlines_are_asked_about_while_earlier_ones_wait(world: World) -> None:
    world.partition = world.holding("loud")
    world.left = {"loud": 0}
    assert world.step(3) == []
    key = Key(TenantId("quiet"), "Jar", "late")
    world.partition.deadlines.note(key, Jar(total=1, spills_at=NOW - 1))
    assert world.step(2) == ["quiet"]


def test_a_queue_that_stays_keeps_few_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many deadlines a tenant's queue holds back, each is known and fires in the end."""
    monkeypatch.setattr(module, "HELD_BACK_MAX", 3)
    world.left = {"loud": 0}
    for number in range(8):
        key = Key(TenantId("loud"), "Jar", f"jar-{number}")
        world.partition.deadlines.note(key, Jar(total=1, spills_at=NOW - 1))
        assert world.step(2) == []
    assert len(world.timers._held[world.partition]) == 3
    world.left = {}
    assert world.step() == ["loud"] * 8


def test_what_a_partition_waited_for_goes_with_it(world: World) -> None:
    world.partition = world.holding("acme")
    world.left = {"acme": 0}
    world.step(3)
    world.partition = world.holding()
    world.left = {}
    assert world.step() == []  # its new state is asked about anew
    assert world.step() == ["acme"]


def test_an_answer_is_waited_for_and_asked_for_once(world: World) -> None:
    world.answered = False
    world.partition = world.holding("acme")
    assert world.step(5) == []
    assert world.asked == 1
