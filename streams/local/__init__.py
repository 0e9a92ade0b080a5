"""A broker for this machine: the one named, a container, or Apache Kafka itself.

Owns everything between "Python is installed" and "a broker works", and the sentence for each way
in which that can fail. Knows no topic. Why it is as it is: README.md in this folder.
"""

from streams.local import process
from streams.local.broker import (
    Broker,
    BrokerStatus,
    Kind,
    start,
    start_kafka,
    status,
    stop,
)
from streams.local.errors import LocalError
from streams.local.progress import OnStderr, Reporter, Silent

__all__ = [
    "Broker",
    "BrokerStatus",
    "Kind",
    "LocalError",
    "OnStderr",
    "Reporter",
    "Silent",
    "process",
    "start",
    "start_kafka",
    "status",
    "stop",
]
