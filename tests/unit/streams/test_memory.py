"""What is remembered of command ids, and for how long."""

from schemas.ids import PrincipalId, TenantId
from schemas.messages.runtime.state import TenantHead
from streams.memory import AHEAD_US, FORGET_MAX, CycleMemory, Memory, Repeated, issued_at
from streams.wiring import Cause, Entry, Key, Overlay, Rejection, Scope, Store

HOUR_US = 3_600_000_000
HORIZON_US = 24 * HOUR_US
NOW = 1_790_000_000_000_000
ACME = TenantId("acme")
BOLT = TenantId("bolt")
DIGEST = bytes(31) + b"\1"
OTHER = bytes(31) + b"\2"


def an_id(at: int, number: int = 0) -> str:
    """Give a command id of that instant (microseconds)."""
    hexadecimal = f"{at // 1000:012x}"
    return f"cmd-{hexadecimal[:8]}-{hexadecimal[8:]}-7000-8000-{number:012x}"


def a_cause(message_id: str, at: int = NOW, tenant: TenantId = ACME, offset: int = 0) -> Cause:
    """Give the cause of a command."""
    return Cause(
        message_id=message_id,
        message_type="AddMarbles",
        topic="cp.commands.v1",
        partition=0,
        offset=offset,
        tenant_id=tenant,
        actor_type="user",
        actor_id=PrincipalId("user:olga"),
        at=at,
        digest=DIGEST,
        scope=Scope("0" * 32, "corr-1"),
    )


def a_head(at: int) -> TenantHead:
    """Give the head of a tenant whose newest decision is of that instant."""
    return TenantHead(sequence=1, hash=bytes(32), decided_at=at, context_sequences=())


def decided(store: Store, memory: Memory, causes: list[Cause], now: int = NOW) -> CycleMemory:
    """Run a cycle that decides these causes and commits; what committed before it was decided by ``now``."""
    memory.note_head(a_head(now))
    cycle = CycleMemory(memory)
    for number, cause in enumerate(causes, 1):
        cycle.remember(cause, number, number)
    overlay = Overlay(store)
    cycle.write(overlay, now)
    cycle.expose()
    store.apply(overlay.changes)
    return cycle


def judged(memory: Memory, message_id: str, at: int = NOW, digest: bytes = DIGEST) -> str:
    """Give what a new cycle says of an id of acme."""
    verdict = CycleMemory(memory).judge(ACME, message_id, digest, at)
    if isinstance(verdict, Rejection):
        return verdict.code
    return f"repeat of {verdict.sequence}" if isinstance(verdict, Repeated) else "new"


def test_the_instant_of_an_id_is_read_from_it() -> None:
    assert issued_at(an_id(NOW)) == NOW
    assert issued_at("cmd-6f1f7a0e-5a0e-4c6e-9d0a-3c5f1a0b7e21") is None


def test_a_decided_command_is_known_with_its_content_and_its_tenant() -> None:
    store = Store()
    memory = Memory(HORIZON_US, store)
    decided(store, memory, [a_cause(an_id(NOW))])
    assert judged(memory, an_id(NOW)) == "repeat of 1"
    assert judged(memory, an_id(NOW), digest=OTHER) == "DUPLICATE"
    assert CycleMemory(memory).judge(BOLT, an_id(NOW), DIGEST, NOW) is None


def test_a_command_of_the_same_cycle_is_known_before_it_commits_and_only_there() -> None:
    store = Store()
    memory = Memory(HORIZON_US, store)
    cycle = CycleMemory(memory)
    cycle.remember(a_cause(an_id(NOW)), 0, 1)
    assert cycle.judge(ACME, an_id(NOW), DIGEST, NOW) == Repeated(0)
    assert judged(memory, an_id(NOW)) == "new"


def test_ids_outside_the_horizon_are_refused_at_its_edges() -> None:
    memory = Memory(HORIZON_US, Store())
    assert judged(memory, an_id(NOW - HORIZON_US)) == "new"
    assert judged(memory, an_id(NOW - HORIZON_US - 1000)) == "EXPIRED"
    assert judged(memory, an_id(NOW + AHEAD_US)) == "new"
    assert judged(memory, an_id(NOW + AHEAD_US + 1000)) == "INVALID_ARGUMENT"


def test_an_id_is_known_until_its_age_refuses_it_even_from_a_fast_clock() -> None:
    store = Store()
    memory = Memory(HORIZON_US, store)
    fast = an_id(NOW + AHEAD_US)
    decided(store, memory, [a_cause(fast)])
    last = NOW + HORIZON_US + AHEAD_US
    decided(store, memory, [], now=last)
    assert judged(memory, fast, at=last) == "repeat of 1"
    decided(store, memory, [], now=last + 1)
    assert not store.entries, "forgotten"
    assert judged(memory, fast, at=last + 1000) == "EXPIRED"


def test_forgetting_takes_the_oldest_and_a_bounded_number() -> None:
    store = Store()
    memory = Memory(HORIZON_US, store)
    for number in range(FORGET_MAX + 5):
        decided(store, memory, [a_cause(an_id(NOW + number, number), NOW + number, offset=number)])
    cycle = decided(store, memory, [], now=NOW + HORIZON_US + AHEAD_US + 10**6)
    assert len(cycle.forgotten) == FORGET_MAX
    assert len(store.entries) == 5
    assert memory.find(ACME, an_id(NOW, 0)) is None
    newest = FORGET_MAX + 4
    assert memory.find(ACME, an_id(NOW + newest, newest)) is not None
    assert judged(memory, an_id(NOW + newest, newest)) == "EXPIRED", "remembered or not"


def test_a_record_that_waited_while_its_id_was_forgotten_is_refused() -> None:
    store = Store()
    memory = Memory(HORIZON_US, store)
    decided(store, memory, [a_cause(an_id(NOW))])
    later = NOW + HORIZON_US + AHEAD_US + 1000
    decided(store, memory, [], now=later)
    waited = NOW + HORIZON_US - 1000
    assert judged(memory, an_id(NOW), at=waited) == "EXPIRED", "it was appended within the horizon"
    store.apply({Key(ACME, "TenantHead", "head"): Entry(a_head(later), 0)})
    assert judged(Memory(HORIZON_US, store), an_id(NOW), at=waited) == "EXPIRED", "after a restart"


def test_nothing_is_forgotten_that_a_restart_would_not_know_to_be_too_old() -> None:
    store = Store()
    memory = Memory(HORIZON_US, store)
    decided(store, memory, [a_cause(an_id(NOW))])
    cycle = CycleMemory(memory)
    cycle.write(Overlay(store), NOW + 2 * HORIZON_US)
    assert not cycle.forgotten, "no head tells of that time"


def test_a_restored_memory_knows_and_forgets_as_before() -> None:
    store = Store()
    memory = Memory(HORIZON_US, store)
    for number in range(3):
        at = NOW + number * HOUR_US
        decided(store, memory, [a_cause(an_id(at, number), at, offset=number)])
    restored = Memory(HORIZON_US, store)
    assert judged(restored, an_id(NOW, 0)) == "repeat of 1"
    outlived = restored.outlived(NOW + HORIZON_US + AHEAD_US + HOUR_US + 1)
    assert [restored.record(key).decided_at for key in outlived] == [NOW, NOW + HOUR_US]


def test_silent_cycles_of_one_tenant_do_not_overwrite_one_another() -> None:
    store = Store()
    memory = Memory(HORIZON_US, store)
    for number in range(2):
        cycle = CycleMemory(memory)
        cycle.remember(a_cause(an_id(NOW, number), offset=number), 0, 1)
        overlay = Overlay(store)
        cycle.write(overlay, NOW)
        cycle.expose()
        store.apply(overlay.changes)
    restored = Memory(HORIZON_US, store)
    assert [judged(restored, an_id(NOW, number)) for number in range(2)] == ["repeat of 0"] * 2
