"""Who may do what on the broker, derived from the topic catalogue.

Plain data: the operator's tool or a client applies it. Kafka's access rules work per topic, which
is why there is an input topic for each kind of sender (settled.md 13).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from topics.model import Party, Topic
from topics.naming import client_prefix


class Resource(StrEnum):
    """What a right is on."""

    TOPIC = "TOPIC"
    GROUP = "GROUP"
    TRANSACTIONAL_ID = "TRANSACTIONAL_ID"


class Match(StrEnum):
    """How a right's name is compared."""

    LITERAL = "LITERAL"
    PREFIXED = "PREFIXED"


class Operation(StrEnum):
    """What a right allows."""

    READ = "READ"
    WRITE = "WRITE"
    DESCRIBE = "DESCRIBE"


@dataclass(frozen=True, slots=True, order=True)
class Binding:
    """One right. Nothing is ever denied by a rule: what no rule allows is refused."""

    party: Party
    resource: Resource
    name: str
    match: Match
    operation: Operation

    def __str__(self) -> str:
        return f"User:{self.party} ALLOW {self.operation} {self.resource} {self.match} {self.name}"


def bindings(topics: Iterable[Topic]) -> list[Binding]:
    """Give every right the table asks for, sorted and without repeats.

    A reader also gets the consumer groups, a transactional writer the transactional ids, that
    start with its own prefix (`topics.naming.client_prefix`).
    """
    rights: set[Binding] = set()
    for topic in topics:
        for party in topic.writers:
            rights |= _on_topic(party, topic.name, Operation.WRITE)
        for party in topic.readers:
            rights |= _on_topic(party, topic.name, Operation.READ)
            rights.add(_own(party, Resource.GROUP, Operation.READ))
            if party in TRANSACTIONAL:
                rights.add(_own(party, Resource.TRANSACTIONAL_ID, Operation.WRITE))
    return sorted(rights)


TRANSACTIONAL = frozenset({Party.WORKER})
"""Parties that write in transactions."""


def render(rights: Iterable[Binding]) -> str:
    """Give the rights as text, one a line."""
    return "".join(f"{right}\n" for right in rights)


def _on_topic(party: Party, name: str, operation: Operation) -> set[Binding]:
    # Reading or writing includes describing at the broker; spelled out, a tool can compare.
    return {
        Binding(party, Resource.TOPIC, name, Match.LITERAL, each)
        for each in (operation, Operation.DESCRIBE)
    }


def _own(party: Party, resource: Resource, operation: Operation) -> Binding:
    return Binding(party, resource, client_prefix(party), Match.PREFIXED, operation)
