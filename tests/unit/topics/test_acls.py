from topics import naming
from topics.acls import Match, Operation, Resource, bindings
from topics.catalogue import TOPICS
from topics.model import Party

RIGHTS = bindings(TOPICS)


def _topics(party: Party, operation: Operation) -> set[str]:
    return {
        right.name
        for right in RIGHTS
        if right.party is party
        and right.operation is operation
        and right.resource is Resource.TOPIC
    }


def test_rights_on_topics_are_exactly_those_of_the_table() -> None:
    for party in Party:
        assert _topics(party, Operation.WRITE) == {t.name for t in TOPICS if party in t.writers}
        assert _topics(party, Operation.READ) == {t.name for t in TOPICS if party in t.readers}


def test_no_right_on_a_topic_reaches_further_than_its_name() -> None:
    assert {r.match for r in RIGHTS if r.resource is Resource.TOPIC} == {Match.LITERAL}


def test_an_agent_cannot_write_commands() -> None:
    assert _topics(Party.AGENT_MESH, Operation.WRITE) == {naming.AGENT_MESH_RESULTS}
    assert _topics(Party.AGENT_MESH, Operation.READ) == {naming.AGENT_MESH_TASKS}


def test_groups_and_transactions_are_held_to_the_partys_own_prefix() -> None:
    own = [right for right in RIGHTS if right.resource is not Resource.TOPIC]
    assert all(right.name == f"cp.{right.party}" for right in own)
    assert {r.party for r in own if r.resource is Resource.TRANSACTIONAL_ID} == {Party.WORKER}
    assert {r.party for r in own if r.resource is Resource.GROUP} == {
        party for topic in TOPICS for party in topic.readers
    }


def test_no_prefix_of_a_party_covers_another_party() -> None:
    prefixes = [naming.client_prefix(party) for party in Party]
    assert not [(a, b) for a in prefixes for b in prefixes if a != b and a.startswith(b)]
