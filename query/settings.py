"""What the query process is told from outside, and the bound of everything that a reader may ask for."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from schemas.output import OperatorError
from topics.settings import bootstrap_servers, local_root

BATCH_RECORDS_MAX: Final = 2_000
"""Records of one projection transaction: a commit costs 5 to 10 ms, so larger is cheaper; 2,000 is 60 ms of work."""
BATCH_AGE_S: Final = 0.5
"""Longest time that a read record waits for its batch to fill. A batch touches a dozen tables at about a millisecond
each, whatever it holds, so at a few hundred facts a second half as many batches cost half as much."""
BATCH_AGE_WAITED_S: Final = 0.003
"""The same while a reader waits for a sequence: one read of one's own write costs one small commit."""
HELD_RECORDS_MAX: Final = 50_000
"""Records held back for a missing predecessor before the partitions that run ahead are paused."""
QUERY_DEADLINE_S: Final = 2.0
"""A query still running after this is interrupted (reliability.md B20)."""
API_PREFIX: Final = "/api/v1"
"""Path that every route begins with; a breaking change takes another."""
QUERIES_AT_ONCE: Final = 4
"""Queries that run at the same time; two cores serve no more."""
WAITERS_AT_ONCE: Final = 16
"""Requests that may wait for a sequence at the same time; each holds a thread of the pool."""
WAIT_S_MAX: Final = 10.0
"""Longest wait for a sequence."""
PAGE_SIZE: Final = 50
"""Rows of a page where the caller names no size."""
PAGE_SIZE_MAX: Final = 500
"""Most rows of a page."""
LINEAGE_DEPTH_MAX: Final = 32
"""Most steps of a lineage walk."""
LINEAGE_EDGES_MAX: Final = 2_000
"""Most edges of a lineage answer; a walk that reaches it says so."""
COST_DAYS_MAX: Final = 366
"""Longest range of a cost report, days."""
TIMELINE_MAX: Final = 500
"""Entries of a workflow's timeline in one answer; the audit route pages through the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the query process finds and leaves things."""

    bootstrap: str
    """KAFKA_BOOTSTRAP, or the local broker's record: ``host:port`` list."""
    local: Path
    """FACTORY_LOCAL: folder for what a run leaves on this machine."""
    host: str = "127.0.0.1"
    """FACTORY_API_HOST: address that the API listens on."""
    port: int = 0
    """FACTORY_API_PORT: port of the API; 0 takes a free one."""
    topic_prefix: str = ""
    """FACTORY_TOPIC_PREFIX: put before each topic's name, so that several factories can share a broker."""
    memory_limit: str = "256MB"
    """FACTORY_QUERY_MEMORY: memory that DuckDB may use; must be set before the file is opened."""
    threads: int = 2
    """FACTORY_QUERY_THREADS: threads of DuckDB."""

    def at_port(self, port: int) -> "Settings":
        """Give the same settings with another port."""
        return replace(self, port=port)

    @property
    def database(self) -> Path:
        """File that holds the views."""
        return database_of(self.local)

    @property
    def url_file(self) -> Path:
        """File that says where the API answers, written while it does."""
        return self.local / "run" / "api-url"

    @property
    def keys(self) -> Path:
        """Folder of the keys that sign tokens."""
        return keys_folder(self.local)


def database_of(local: Path) -> Path:
    """Give the file that holds the views of this machine."""
    return local / "query" / "factory.duckdb"


def keys_folder(local: Path) -> Path:
    """Give the folder of the keys that sign API tokens, beside the other keys of this machine."""
    return local / "keys" / "api"


_TEXTS: Final = {
    "host": "FACTORY_API_HOST",
    "memory_limit": "FACTORY_QUERY_MEMORY",
    "topic_prefix": "FACTORY_TOPIC_PREFIX",
}
_NUMBERS: Final = {"port": "FACTORY_API_PORT", "threads": "FACTORY_QUERY_THREADS"}


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """Give the settings of this process.

    Raises OperatorError (a value that is no number) and BrokerUnknownError (no broker is known).
    """
    texts = {field: environ[name] for field, name in _TEXTS.items() if environ.get(name)}
    numbers = {
        field: _number(name, environ[name]) for field, name in _NUMBERS.items() if environ.get(name)
    }
    return Settings(
        bootstrap=bootstrap_servers(environ),
        local=local_root(environ),
        **texts,  # type: ignore[arg-type]
        **numbers,  # type: ignore[arg-type]
    )


def _number(name: str, text: str) -> int:
    if not text.isdigit():
        raise OperatorError(f"{name} must be a whole number of 0 or more, not {text!r}.")
    return int(text)
