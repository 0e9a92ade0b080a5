"""Take what is there at once: ``Consumer.consume(n, seconds)`` waits for n records or the whole time."""

from confluent_kafka import Consumer, Message


def batch(consumer: Consumer, most: int, seconds: float) -> list[Message]:
    """Give what has come, up to ``most``; waits up to ``seconds`` for the first only. Errors are among the messages."""
    first = consumer.consume(1, seconds)
    return first + consumer.consume(most - 1, 0) if first and most > 1 else first
