import re

import pytest

from tests.released import released
from topics import naming
from topics.catalogue import BY_NAME, FACT_TOPICS, INPUT_TOPICS, TOPICS, admits
from topics.model import FOREVER_MS, MESSAGE_BYTES_MAX, PARTITIONS, Key, Kind, Party, Timestamps


def test_names_are_versioned_and_unique() -> None:
    names = [topic.name for topic in TOPICS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"cp\.[a-z-]+(\.[a-z-]+)?\.v1", name) for name in names)


def test_every_topic_that_is_named_has_a_row() -> None:
    named = {value for key, value in vars(naming).items() if str(value).startswith("cp.")}
    named |= {naming.events_topic(context) for context in naming.CONTEXTS}
    assert named == set(BY_NAME)


def test_there_are_eight_input_topics_with_the_same_partitions_and_the_brokers_clock() -> None:
    rows = [BY_NAME[name] for name in INPUT_TOPICS]
    assert len(rows) == 8
    assert {row.partitions for row in rows} == {PARTITIONS}
    assert {row.timestamps for row in rows} == {Timestamps.BROKER}
    assert {row.key for row in rows} == {Key.TENANT}


def test_all_that_follows_a_tenant_has_as_many_partitions_as_the_input_topics() -> None:
    assert {row.partitions for row in TOPICS if row.key is not Key.NONE} == {PARTITIONS}


def test_only_input_topics_admit_messages() -> None:
    assert all(not row.admits for row in TOPICS if row.kind is not Kind.INPUT)


def test_facts_are_kept_for_ever_and_written_by_workers_alone() -> None:
    rows = [BY_NAME[name] for name in FACT_TOPICS]
    assert len(rows) == len(naming.CONTEXTS) + 1
    assert {row.retention_ms for row in rows} == {FOREVER_MS}
    assert {row.cleanup for row in rows} == {"delete"}
    assert {row.writers for row in rows} == {(Party.WORKER,)}


def test_only_state_is_compacted() -> None:
    assert [row.name for row in TOPICS if row.cleanup == "compact"] == [naming.STATE]


def test_what_we_write_may_be_larger_than_what_comes_in() -> None:
    for row in TOPICS:
        if row.kind is Kind.INPUT:
            assert row.message_bytes_max == MESSAGE_BYTES_MAX
        else:
            assert row.message_bytes_max > MESSAGE_BYTES_MAX


def test_an_agent_can_report_its_task_and_nothing_else() -> None:
    assert admits(naming.AGENT_MESH_RESULTS, "CompleteAgentTask")
    assert not admits(naming.AGENT_MESH_RESULTS, "GrantApproval")
    assert not admits(naming.COMMANDS, "CompleteAgentTask")


def test_a_neighbour_writes_to_its_own_input_topic_only() -> None:
    neighbours = {Party.AGENT_MESH, Party.DEVOPS, Party.OBSERVABILITY, Party.GOVERNANCE,
                  Party.INTEGRATION}  # fmt: skip
    for neighbour in neighbours:
        assert len([row for row in TOPICS if neighbour in row.writers]) == 1


def test_every_released_command_may_come_in_somewhere() -> None:
    admitted = frozenset().union(*(row.admits for row in TOPICS))
    assert set(released("command")) <= admitted


def test_a_refusal_of_any_context_goes_to_the_rejections() -> None:
    assert naming.fact_topic("tenancy", "TenantProvisioned") == "cp.tenancy.events.v1"
    assert naming.fact_topic("tenancy", "CommandRejected") == naming.REJECTIONS
    assert naming.fact_topic("runtime", "CommandRepeated") == naming.REJECTIONS


def test_a_context_that_does_not_exist_has_no_topic() -> None:
    with pytest.raises(KeyError):
        naming.events_topic("billing")
