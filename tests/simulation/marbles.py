"""Histories of the toy context: small, many, with every way in which a command can end."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

from msgspec import Struct, structs

from processors.decision import Decision
from schemas.codec import decode_payload
from schemas.ids import SYSTEM
from schemas.messages.envelope import Envelope
from streams.layout import Layout
from streams.wiring import Rejection, Rules
from tests.integration.streams import toy
from tests.integration.streams.toy import AddMarbles, Jar, PublishMarbleRule
from tests.simulation.history import SECOND_US, START, Act, History
from tests.simulation.log import Ended, Log
from topics import naming

TENANTS: Final = ("acme", "bolt", "crane")
LAYOUT: Final = Layout(
    partitions=3,
    admits=lambda topic, kind: (
        toy.admits(topic, kind) or (topic == naming.AGENT_MESH_RESULTS and kind == "AddMarbles")
    ),
)
"""The toy's commands come in by two topics, so that their order across topics matters."""


def rules() -> Rules:
    """Give the toy's rules; a record that kills ends the simulated process, not this one."""
    toys = toy.rules()
    return replace(toys, decide=_mortal(toys.decide))


def _mortal(
    decide: Callable[[Decision, Struct], Rejection | None],
) -> Callable[[Decision, Struct], Rejection | None]:
    def mortal(decision: Decision, command: Struct) -> Rejection | None:
        if isinstance(command, AddMarbles) and command.count == toy.KILL:
            raise Ended("deciding")
        return decide(decision, command)

    return mortal


class Marbles(History):
    """A history of jars and marbles."""

    steps = 200

    def __init__(
        self,
        seed: int,
        *,
        steps: int | None = None,
        without: Collection[str] = (),
    ) -> None:
        super().__init__(seed, Log(LAYOUT, START), rules(), [0, 1, 2], steps=steps, without=without)
        self.sent: list[Envelope] = []

    @property
    def horizon_s(self) -> int:
        """Give a short memory of command ids in every third history."""
        return 60 if self.seed % 3 == 0 else 3600

    def acts(self) -> list[tuple[Act, int]]:
        return [
            (self._add, 36),
            (self._publish, 3),
            (self._garbage, 2),
            (self._reuse, 2),
            (self._ghost, 1),
        ]

    def _add(self) -> None:
        random, tenant = self.random, self.random.choice(TENANTS)
        spills_at = self.log.now + random.randint(1, 20_000) * 1000
        counts = [1, 2, 3, 5, 7, 9, 12, 15] * 2 + [toy.SILENT, -1, toy.BUG] * 2
        counts += [toy.KILL] * (self.seed % 4)
        command = AddMarbles(
            jar_id=f"{tenant}-{random.choice('ab')}",
            count=random.choice(counts),
            spills_at=random.choice([None, spills_at]),
        )
        topic = random.choice([naming.COMMANDS, naming.COMMANDS, naming.AGENT_MESH_RESULTS])
        self._send(topic, self.envelope(command, tenant))

    def _send(self, topic: str, envelope: Envelope) -> None:
        self.sent.append(envelope)
        self.client.send(topic, envelope)

    def _publish(self) -> None:
        rule = PublishMarbleRule(rule_id="most", most=self.random.randint(5, 20))
        self._send(naming.COMMANDS, self.envelope(rule, SYSTEM))

    def _garbage(self) -> None:
        """Send bytes that nobody can read."""
        self.client.put(naming.COMMANDS, self.random.choice(TENANTS), self.random.randbytes(40))

    def _ghost(self) -> None:
        """Send a command of a tenant that does not exist."""
        self.client.send(naming.COMMANDS, self.envelope(AddMarbles(jar_id="g", count=1), "ghost-1"))

    def _reuse(self) -> None:
        """Send an id again with other content."""
        theirs = [envelope for envelope in self.sent if envelope.tenant_id != SYSTEM]
        if theirs:
            first = self.random.choice(theirs)
            jar = f"{first.tenant_id}-a"
            other = self.envelope(AddMarbles(jar_id=jar, count=4), first.tenant_id)
            again = structs.replace(other, event_id=first.event_id)
            self.client.put(naming.COMMANDS, again.tenant_id, _bytes(again))

    def end(self) -> None:
        """Let every deadline pass."""
        self.log.now += 60 * SECOND_US

    def is_over(self) -> bool:
        """Tell whether no jar waits any more."""
        return self.next_deadline() is None


def _bytes(envelope: Envelope) -> bytes:
    from schemas.codec import encode_envelope  # noqa: PLC0415

    return encode_envelope(envelope)


__all__ = ["LAYOUT", "TENANTS", "Jar", "Marbles", "decode_payload"]
