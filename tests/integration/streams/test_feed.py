"""The decision feed shows each committed decision once, and never one of an aborted transaction."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from confluent_kafka import Producer

from schemas.codec import encode_envelope
from schemas.messages.envelope import Envelope
from tests.integration.streams.factory import Factory, until, uuid7
from tests.integration.streams.toy import AddMarbles
from topics import naming
from topics.partition import partition_of
from topics.settings import producer_options

pytestmark = pytest.mark.kafka

FEED = "tests.integration.streams.toy_feed"
GOVERNANCE = naming.events_topic("governance")


class Governance:
    """Stands for a worker that writes facts of governance in transactions."""

    def __init__(self, factory: Factory) -> None:
        self.factory = factory
        self.producer = Producer(
            {
                **producer_options(factory.bootstrap),
                "transactional.id": f"{factory.prefix}governance",
            }
        )
        self.producer.init_transactions(20)

    def fact(self, event_type: str = "PolicyDecisionRecorded") -> Envelope:
        """Give the envelope of a fact; the feed looks at nothing else."""
        return self.factory.envelope(
            AddMarbles(jar_id="j", count=1),
            "acme",
            event_id=f"evt-{uuid7()}",
            event_type=event_type,
            kind="event",
        )

    def write(self, facts: Iterable[Envelope], *, commit: bool) -> None:
        """Write facts in one transaction and end it."""
        self.begin(facts)
        if commit:
            self.producer.commit_transaction(20)
        else:
            self.producer.abort_transaction(20)

    def begin(self, facts: Iterable[Envelope]) -> None:
        """Write facts to the log in a transaction that stays open."""
        self.producer.begin_transaction()
        for fact in facts:
            self.producer.produce(
                self.factory.layout.physical(GOVERNANCE),
                encode_envelope(fact),
                fact.tenant_id.encode(),
                partition_of(fact.tenant_id, self.factory.partitions),
            )
        assert self.producer.flush(20) == 0


def shown(factory: Factory) -> list[str]:
    """Give the ids on the feed's topic."""
    return [envelope.event_id for envelope in factory.envelopes(naming.DECISION_FEED)]


@pytest.mark.timeout(120)
def test_a_decision_is_shown_once_and_none_of_an_aborted_transaction(
    kafka: str, tmp_path: Path
) -> None:
    factory = Factory(kafka, tmp_path)
    governance = Governance(factory)
    committed = [governance.fact() for _ in range(5)]
    with factory.worker("feed", module=FEED) as feed:
        governance.write([governance.fact() for _ in range(5)], commit=False)
        governance.write(committed, commit=True)
        governance.write([governance.fact() for _ in range(5)], commit=False)
        until(lambda: len(shown(factory)) >= 5, "the committed decisions")

        opened = [governance.fact() for _ in range(3)]
        governance.begin(opened)
        assert shown(factory) == [fact.event_id for fact in committed]
        governance.producer.commit_transaction(20)
        until(lambda: len(shown(factory)) >= 8, "what was open is committed")

        governance.write([governance.fact("QuotaSettled"), committed[0]], commit=True)
        last = governance.fact("ApprovalGranted")
        governance.write([last], commit=True)
        until(lambda: shown(factory)[-1:] == [last.event_id], "the last one")
        assert feed.status()["repeats"] == 1
    assert shown(factory) == [fact.event_id for fact in [*committed, *opened, last]]


@pytest.mark.timeout(120)
def test_a_killed_feed_copies_nothing_twice(kafka: str, tmp_path: Path) -> None:
    factory = Factory(kafka, tmp_path)
    governance = Governance(factory)
    facts = [governance.fact() for _ in range(400)]
    with factory.worker("feed", module=FEED) as feed:
        governance.write(facts[:200], commit=True)
        until(lambda: len(shown(factory)) >= 50, "it is copying")
        feed.kill()
    with factory.worker("feed", module=FEED):
        governance.write(facts[200:], commit=True)
        until(lambda: len(shown(factory)) >= 400, "all are copied")
    assert shown(factory) == [fact.event_id for fact in facts]
