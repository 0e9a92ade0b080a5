"""The pure half of a cycle, on the toy context: order, exposure, oversize state, broadcast, rate window."""

from dataclasses import replace
from typing import NamedTuple

import pytest
from msgspec import Struct, structs

from schemas.codec import decode_envelope, decode_payload, encode_envelope, encode_payload
from schemas.ids import SYSTEM, PrincipalId, TaskId, TenantId
from schemas.messages.envelope import Envelope
from schemas.messages.runtime.facts import CommandRejected
from schemas.messages.runtime.state import TenantHead
from streams.decide import decide_records
from streams.head import HEAD_ID, MINUTE_US
from streams.layout import ORDER, Layout
from streams.partition import Partition
from streams.records import InputRecord, OutputRecord
from streams.wiring import Key, Meta, Rules, Store, Tables
from streams.work import Rulebook, Work
from tests.integration.streams import toy
from tests.integration.streams.toy import AddMarbles, PublishMarbleRule
from topics import naming

NOW = 1_790_000_000_000_000
ACME = TenantId("acme")


class NoKeys:
    """Lease keys that nobody asks for."""

    def token(self, tenant_id: TenantId, task_id: TaskId, attempt: int) -> str:
        raise AssertionError((tenant_id, task_id, attempt))

    def token_hash(self, token: str) -> bytes:
        raise AssertionError(token)

    def is_token(self, token: str, tenant_id: TenantId, task_id: TaskId, attempt: int) -> bool:
        raise AssertionError((token, tenant_id, task_id, attempt))


class Untouched:
    """A record in hand that was never there before."""

    def attempts(self, record: InputRecord) -> int:
        return record.offset * 0

    def take(self, record: InputRecord) -> None:
        """Note nothing."""


class Bench(NamedTuple):
    """One partition that owns every tenant, with its rules."""

    partition: Partition
    book: Rulebook

    def run(self, *records: InputRecord) -> Work:
        """Decide, and expose as if committed."""
        work = decide_records(self.partition, records, self.book)
        self.partition.expose(work.changes, work.positions, work.memory)
        return work


def a_bench(rules: Rules | None = None) -> Bench:
    """Give an empty partition."""
    rules = rules or toy.rules()
    book = Rulebook(
        rules=rules,
        layout=Layout(partitions=1, admits=toy.admits),
        keys=NoKeys(),
        genesis=None,
        in_hand=Untouched(),
    )
    positions = dict.fromkeys(ORDER, 0)
    return Bench(Partition(0, Store(), positions, rules, horizon_us=10**9), book)


def a_record(
    command: AddMarbles | PublishMarbleRule,
    offset: int,
    *,
    tenant: str = "acme",
    topic: str = naming.COMMANDS,
    at: int = NOW,
) -> InputRecord:
    """Give the record of a command."""
    schema_id, payload = encode_payload(command)
    hexadecimal = f"{at // 1000:012x}"
    envelope = Envelope(
        event_id=f"cmd-{hexadecimal[:8]}-{hexadecimal[8:]}-7000-8000-{offset:012x}",
        event_type=type(command).__name__,
        kind="command",
        tenant_id=TenantId(tenant),
        trace_id="0" * 31 + "1",
        correlation_id="corr-1",
        occurred_at=at,
        actor_type="user",
        actor_id=PrincipalId("user:olga"),
        payload_schema_id=schema_id,
        payload=payload,
    )
    return InputRecord(topic, 0, offset, tenant.encode(), encode_envelope(envelope), [], at)


def marbles(count: int, offset: int, **where: str | int) -> InputRecord:
    """Give the record that adds marbles to jar ``j``."""
    return a_record(AddMarbles(jar_id="j", count=count), offset, **where)  # type: ignore[arg-type]


def on(work: Work, topic: str) -> list[OutputRecord]:
    """Give the outputs on a topic."""
    return [output for output in work.outputs if output.topic == topic]


def head(bench: Bench, tenant: str = "acme") -> TenantHead:
    """Give the tenant's committed head."""
    value = bench.partition.store.entries[Key(TenantId(tenant), "TenantHead", HEAD_ID)].value
    assert isinstance(value, TenantHead)
    return value


def test_a_decision_sees_the_earlier_ones_of_its_cycle_and_nobody_else_does() -> None:
    bench = a_bench()
    work = decide_records(bench.partition, [marbles(2, 0), marbles(3, 1)], bench.book)
    totals = [
        decode_payload(e.payload_schema_id, e.payload)
        for e in (decode_envelope(o.value) for o in on(work, "cp.projects.events.v1"))
    ]
    assert [fact.total for fact in totals if isinstance(fact, toy.MarblesAdded)] == [2, 5]
    assert not bench.partition.store.entries
    assert bench.partition.positions[naming.COMMANDS] == 0


def test_one_state_record_is_written_for_an_aggregate_however_often_it_changed() -> None:
    work = a_bench().run(*(marbles(1, offset) for offset in range(5)))
    keys = [output.key for output in on(work, naming.STATE)]
    assert len(keys) == len(set(keys))
    assert keys.count(b"acme|Jar|j") == 1
    assert keys.count(b"acme|TenantHead|head") == 1
    assert keys[-1] == b"\0positions"


def test_a_record_below_the_position_is_not_decided_again() -> None:
    bench = a_bench()
    bench.run(marbles(1, 0), marbles(1, 1))
    work = decide_records(bench.partition, [marbles(1, 0), marbles(1, 1)], bench.book)
    assert work.records == 0
    assert not on(work, "cp.projects.events.v1")


def test_a_decision_is_never_earlier_than_the_tenants_last_one() -> None:
    bench = a_bench()
    work = bench.run(marbles(1, 0, at=NOW), marbles(1, 1, at=NOW - 5_000_000))
    times = [decode_envelope(o.value).occurred_at for o in on(work, "cp.projects.events.v1")]
    assert times == [NOW, NOW]


def test_metered_outcomes_are_counted_in_their_minute_and_results_are_not() -> None:
    bench = a_bench()
    start = NOW - NOW % MINUTE_US
    bench.run(marbles(1, 0, at=start), marbles(-1, 1, at=start + 1), marbles(0, 2, at=start + 2))
    assert (head(bench).rate_window_start, head(bench).command_count) == (start, 2)
    bench.run(marbles(1, 0, at=start + 3, topic=naming.AGENT_MESH_RESULTS))
    assert head(bench).command_count == 2, "what neighbours report is not metered"
    bench.run(marbles(1, 3, at=start + MINUTE_US))
    assert (head(bench).rate_window_start, head(bench).command_count) == (start + MINUTE_US, 1)


def test_a_fact_of_the_platform_goes_to_every_partition_in_the_same_work() -> None:
    bench = a_bench()
    book = replace(bench.book, layout=replace(bench.book.layout, partitions=1))
    rule = a_record(PublishMarbleRule(rule_id="most", most=3), 0, tenant=SYSTEM)
    work = decide_records(bench.partition, [rule], book)
    (copy,) = on(work, naming.CATALOGUE)
    (fact,) = on(work, "cp.projects.events.v1")
    assert (copy.value, copy.partition) == (fact.value, 0)


def test_a_copy_of_the_catalogue_is_known_to_later_decisions_and_applied_once() -> None:
    platform = a_bench()
    rule = a_record(PublishMarbleRule(rule_id="most", most=3), 0, tenant=SYSTEM)
    (copy,) = on(platform.run(rule), naming.CATALOGUE)
    away = a_bench()
    records = [
        InputRecord(naming.CATALOGUE, 0, offset, SYSTEM.encode(), copy.value, [], NOW)
        for offset in range(2)
    ]
    work = away.run(*records, marbles(4, 0))
    assert head(away, SYSTEM).sequence == 1
    (refused,) = on(work, naming.REJECTIONS)
    envelope = decode_envelope(refused.value)
    assert envelope.catalogue_position == 1
    assert work.dead == 0


def test_a_copy_of_another_tenant_is_a_dead_letter() -> None:
    bench = a_bench()
    (fact,) = on(bench.run(marbles(1, 0)), "cp.projects.events.v1")
    work = bench.run(InputRecord(naming.CATALOGUE, 0, 0, b"acme", fact.value, [], NOW))
    assert work.dead == 1
    assert on(work, naming.DEAD_LETTERS)


def test_only_the_decision_that_makes_a_record_too_large_is_refused() -> None:
    rules = toy.rules()

    def apply(tables: Tables, fact: Struct, meta: Meta) -> None:
        rules.apply(tables, fact, meta)
        if isinstance(fact, toy.MarblesAdded) and fact.count == 7:
            tables.put(fact.jar_id, toy.Note(text="x" * 1_000_001))

    bench = a_bench(replace(rules, apply=apply))
    work = bench.run(marbles(1, 0), marbles(7, 1), marbles(1, 2))
    assert len(on(work, "cp.projects.events.v1")) == 2
    (refused,) = on(work, naming.REJECTIONS)
    payload = decode_envelope(refused.value).payload
    rejected = decode_payload(decode_envelope(refused.value).payload_schema_id, payload)
    assert isinstance(rejected, CommandRejected)
    assert rejected.code == "LIMIT_EXCEEDED"
    assert head(bench).sequence == 3


def test_what_a_raising_decision_recorded_is_taken_back() -> None:
    bench = a_bench()
    work = bench.run(marbles(toy.BUG, 0), marbles(1, 1))
    assert work.dead == 1
    assert head(bench).sequence == 1
    jar = bench.partition.store.entries[Key(ACME, "Jar", "j")]
    assert (jar.value, jar.version) == (toy.Jar(total=1), 1)


@pytest.mark.parametrize("field", ["ordinal", "outcome_count", "cause_offset"])
def test_every_record_of_an_outcome_says_where_it_stands(field: str) -> None:
    work = a_bench().run(marbles(1, 0))
    (fact,) = on(work, "cp.projects.events.v1")
    assert structs.asdict(decode_envelope(fact.value))[field] is not None
    names = [name for name, _ in fact.headers or []]
    assert names == [
        "ce_specversion",
        "ce_id",
        "ce_source",
        "ce_type",
        "ce_time",
        "traceparent",
        "content-type",
    ]
