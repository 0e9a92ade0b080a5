"""The broker's two coordinators, simulated: of transactions (fencing, outcomes that show later) and of the group."""

from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException

from streams.records import OutputRecord
from tests.simulation.log import Log


def refused(code: int, *, fatal: bool = False, retriable: bool = False) -> KafkaException:
    """Give the exception by which a client tells an error of the broker."""
    return KafkaException(KafkaError(code, "simulated", fatal=fatal, retriable=retriable))


@dataclass
class Transaction:
    """A transaction in the making."""

    writer: int
    partition: int
    outputs: list[OutputRecord] = field(default_factory=list)
    after: dict[str, int] = field(default_factory=dict)


class _Late(NamedTuple):
    """A commit whose outcome nobody has seen yet."""

    transaction: Transaction
    epoch: int
    is_decided: bool
    """The coordinator has it on disk, so it will take effect; else the request is still under way."""


class TransactionCoordinator:
    """Lets one producer a transactional id write, and a commit take effect at once, later, or never."""

    def __init__(self, log: Log, random: Random) -> None:
        self._log = log
        self._random = random
        self._epochs: dict[str, int] = {}
        self._late: dict[str, _Late] = {}

    def fence(self, name: str) -> int:
        """End what the id has open, shut out its former producers; give the new epoch (init_transactions)."""
        late = self._late.pop(name, None)
        if late is not None and late.is_decided:
            self._apply(late.transaction)
        self._epochs[name] = self._epochs.get(name, 0) + 1
        return self._epochs[name]

    def check(self, name: str, epoch: int) -> None:
        """Refuse a producer that was shut out."""
        if self._epochs.get(name) != epoch:
            raise refused(KafkaError._FENCED, fatal=True)

    def commit(self, name: str, epoch: int, transaction: Transaction) -> None:
        """Commit at once."""
        self.check(name, epoch)
        self._apply(transaction)

    def commit_later(self, name: str, epoch: int, transaction: Transaction) -> None:
        """Commit at some later moment, or not at all, if the producer is shut out before the request came."""
        self.check(name, epoch)
        self._late[name] = _Late(transaction, epoch, is_decided=self._random.random() < 0.5)

    def settle(self) -> None:
        """Let late commits show now: those on their way as well, unless their producer was shut out."""
        for name, late in list(self._late.items()):
            if late.is_decided or self._epochs.get(name) == late.epoch:
                self._apply(late.transaction)
            del self._late[name]

    def _apply(self, transaction: Transaction) -> None:
        partition = transaction.partition
        self._log.commit(transaction.writer, partition, transaction.outputs, transaction.after)


class GroupCoordinator:
    """Members by their static names, their shares, and the generation that a commit must be of."""

    def __init__(self, numbers: list[int], random: Random) -> None:
        self._numbers = numbers
        self._random = random
        self.generation = 0
        self.members: dict[str, Any] = {}
        self._shares: dict[str, list[int]] = {}

    def join(self, consumer: Any) -> None:
        """Take a member in; one with the name of another takes its place and its share over."""
        is_known = consumer.name in self.members
        self.members[consumer.name] = consumer
        if is_known:
            consumer.news = (self.generation, self._shares[consumer.name])
        else:
            self.rebalance()

    def expel(self, name: str) -> None:
        """Let a member's session time out."""
        if self.members.pop(name, None) is not None:
            self.rebalance()

    def rebalance(self) -> None:
        """Share the partitions out anew; each member hears of it in its next poll."""
        self.generation += 1
        names = sorted(self.members)
        self._shares = {name: [] for name in names}
        for number in self._numbers if names else ():
            self._shares[self._random.choice(names)].append(number)
        for name, consumer in self.members.items():
            consumer.news = (self.generation, self._shares[name])

    def check(self, metadata: tuple[Any, int] | None) -> None:
        """Refuse who is no member any more, or of an older generation; a client may fail to say who it is."""
        if metadata is None:
            return
        consumer, generation = metadata
        member = self.members.get(consumer.name)
        if member is None:
            raise refused(KafkaError.UNKNOWN_MEMBER_ID)
        if member is not consumer:
            raise refused(KafkaError.FENCED_INSTANCE_ID, fatal=True)
        if generation != self.generation:
            raise refused(KafkaError.ILLEGAL_GENERATION)
