"""Where the broker is and what every Kafka client of ours must set.

Owns the two ways to find a broker: `KAFKA_BOOTSTRAP`, or the record that `streams.local` leaves
beside the broker it started. Starts nothing itself.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from schemas.output import OperatorError
from topics.model import RECORD_BYTES_MAX

ClientConfig: TypeAlias = dict[str, str | int | float | bool]
"""Options of a confluent-kafka client by name."""

BROKER_RECORD = "broker.json"
"""Name of the file in a local broker's folder that says where it answers."""

CLIENT_OPTIONS: Mapping[str, str | int | float | bool] = {
    # librdkafka's default differs from the Java client's: a tenant would land on two partitions.
    "partitioner": "murmur2_random",
    # After a commit the broker answers CONCURRENT_TRANSACTIONS for a moment; the default back-off
    # of 100 ms made every small transaction cost 99 ms instead of 4 (runtime.md §3).
    "retry.backoff.ms": 1,
    "retry.backoff.max.ms": 10,
    # The default of 10 s would lengthen each broker outage by as much.
    "reconnect.backoff.ms": 50,
    "reconnect.backoff.max.ms": 500,
    # Room for a dead letter around the largest record that may come in; 1,000,000 by default.
    "message.max.bytes": RECORD_BYTES_MAX,
}
"""Options that every producer of ours sets; the ones that fit consumers are in `client_options`."""

_PRODUCER_ONLY = frozenset({"partitioner", "message.max.bytes"})


class BrokerUnknownError(OperatorError):
    """No broker is set and none is recorded; the message says what to do."""


def local_root(environ: Mapping[str, str] = os.environ) -> Path:
    """Give the folder for everything a run leaves on this machine.

    `FACTORY_LOCAL` if set; else `.local` of the source tree, so that every command finds the same
    broker from any folder inside it; else `.local` of the current folder for an installed package.
    """
    named = environ.get("FACTORY_LOCAL")
    if named:
        return Path(named).expanduser().absolute()
    tree = Path(__file__).resolve().parents[1]
    return (tree if (tree / "pyproject.toml").is_file() else Path.cwd()) / ".local"


def recorded_bootstrap(broker_directory: Path) -> str | None:
    """Read where the broker of that folder said it answers; None if it left no readable record.

    The broker may have died since: a client learns that by asking it.
    """
    try:
        record = json.loads((broker_directory / BROKER_RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    bootstrap = record.get("bootstrap") if isinstance(record, dict) else None
    return bootstrap if isinstance(bootstrap, str) else None


def bootstrap_servers(environ: Mapping[str, str] = os.environ) -> str:
    """Give the `host:port` list of the broker to use: `KAFKA_BOOTSTRAP`, else the local one.

    Raises `BrokerUnknownError` if there is neither.
    """
    given = environ.get("KAFKA_BOOTSTRAP")
    if given:
        return given
    recorded = recorded_bootstrap(local_root(environ) / "kafka")
    if recorded is None:
        raise BrokerUnknownError(
            "No broker is known: set KAFKA_BOOTSTRAP, or start one with `factory kafka start`."
        )
    return recorded


def producer_options(bootstrap: str) -> ClientConfig:
    """Give the options a producer starts from; the caller adds its own on top."""
    return {"bootstrap.servers": bootstrap, **CLIENT_OPTIONS}


def client_options(bootstrap: str) -> ClientConfig:
    """Give the options a consumer or an admin client starts from."""
    shared = {key: value for key, value in CLIENT_OPTIONS.items() if key not in _PRODUCER_ONLY}
    return {"bootstrap.servers": bootstrap, **shared}
