"""A record of a fact topic as the projector and the verifier read it."""

from typing import NamedTuple

from msgspec import Struct

from schemas.messages.envelope import Envelope


class Position(NamedTuple):
    """Where a record lies; written TOPIC:P:N (settled.md 12)."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"


class Sequenced(NamedTuple):
    """A fact or refusal: where it lies, what its envelope and its payload say.

    ``payload`` is None where its bytes do not decode: the record keeps its place in the tenant's order all the same.
    """

    position: Position
    envelope: Envelope
    payload: Struct | None

    @property
    def sequence(self) -> int:
        """Place in the tenant's order, from 1."""
        return self.envelope.sequence or 0
