"""A client of the input topics: its messages are lost, repeated and late; it resends what was not acknowledged."""

from random import Random
from typing import NamedTuple

from schemas.codec import encode_envelope
from schemas.messages.envelope import Envelope
from tests.simulation.faults import Faults
from tests.simulation.log import Log
from topics.partition import partition_of


class Sent(NamedTuple):
    """A message on its way."""

    topic: str
    envelope: Envelope


class Client:
    """Sends commands until each is acknowledged; keeps them, to send one again long after."""

    def __init__(self, log: Log, random: Random, faults: Faults) -> None:
        self._log = log
        self._random = random
        self._faults = faults
        self.waiting: list[Sent] = []
        self.acknowledged: list[Sent] = []

    def send(self, topic: str, envelope: Envelope) -> None:
        """Send a command; the answer may not come, then it waits to be sent again."""
        self._try(Sent(topic, envelope))

    def resend(self) -> None:
        """Send one that waits again, whichever it is."""
        if self.waiting:
            self._try(self.waiting.pop(self._random.randrange(len(self.waiting))))

    def repeat(self) -> None:
        """Send one again that was acknowledged long ago."""
        if self.acknowledged:
            self._append(self._random.choice(self.acknowledged))

    def _try(self, sent: Sent) -> None:
        if not self._faults.hits("send-lost"):
            self._append(sent)
            if self._faults.hits("send-twice"):
                self._append(sent)
            if not self._faults.hits("ack-lost"):
                self.acknowledged.append(sent)
                return
        self.waiting.append(sent)

    def _append(self, sent: Sent) -> None:
        self.put(sent.topic, sent.envelope.tenant_id, encode_envelope(sent.envelope))

    def put(self, topic: str, tenant: str, value: bytes) -> None:
        """Append any bytes in the name of a tenant."""
        number = partition_of(tenant, self._log.layout.partitions)
        self._log.append(topic, number, tenant.encode(), value)
