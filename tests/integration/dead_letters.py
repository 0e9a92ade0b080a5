"""Reads dead letters from now on."""

from confluent_kafka import Consumer, TopicPartition

from schemas.codec import decode_framed
from schemas.messages.runtime.messages import DeadLetter
from tests.fault.site import until
from topics.ends import end_offsets
from topics.model import PARTITIONS
from topics.naming import DEAD_LETTERS
from topics.polling import batch
from topics.settings import client_options


class DeadLetters:
    """The dead letters that come after its making."""

    def __init__(self, bootstrap: str) -> None:
        places = [(DEAD_LETTERS, partition) for partition in range(PARTITIONS)]
        ends = end_offsets(bootstrap, places)
        self._consumer = Consumer(
            {
                **client_options(bootstrap),
                "group.id": "test-dead-letters",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
            }
        )
        self._consumer.assign([TopicPartition(t, p, at) for (t, p), at in ends.items()])
        self._found: list[DeadLetter] = []

    def take(self, count: int, seconds: float = 30) -> list[DeadLetter]:
        """Wait for so many; give all that came. Raises TimeoutError."""

        def enough() -> bool:
            for message in batch(self._consumer, 100, 0.05):
                if message.error() is None:
                    letter = decode_framed(message.value() or b"")
                    assert isinstance(letter, DeadLetter)
                    self._found.append(letter)
            return len(self._found) >= count

        until(f"{count} dead letters", enough, seconds)
        self._consumer.close()
        return self._found
