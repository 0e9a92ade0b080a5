"""Settings of the worker and the feed: one frozen table, read from the environment once.

Nothing else in this package reads the environment (except the local broker's own settings). Each field
says what it bounds; the default is what the measurements of runtime.md chose.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from schemas.output import OperatorError
from topics.model import Party
from topics.naming import client_prefix
from topics.settings import bootstrap_servers, local_root

SECOND_US: Final = 1_000_000
"""Microseconds in a second."""

_GROUP: Final = client_prefix(Party.WORKER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a worker is told from outside."""

    bootstrap: str
    """KAFKA_BOOTSTRAP, or the local broker's record: ``host:port`` list."""
    worker_name: str = "worker-1"
    """FACTORY_WORKER: name of this worker, unique among the running ones; its static group member id."""
    group: str = _GROUP
    """FACTORY_GROUP: consumer group of the workers and prefix of their transactional ids."""
    local: Path = Path(".local")
    """FACTORY_LOCAL: folder for what a run leaves on this machine (lease key, breadcrumbs)."""
    genesis: str = "user:platform-admin"
    """FACTORY_GENESIS: principal that may establish the platform while it has no principal (settled.md 14)."""
    lease_secret: str = ""
    """FACTORY_LEASE_SECRET: ``keyId:secret`` pairs separated by commas, newest first; empty: a key file."""
    session_timeout_ms: int = 6000
    """FACTORY_SESSION_TIMEOUT_MS: how long a silent worker keeps its partitions."""
    transaction_timeout_ms: int = 10_000
    """FACTORY_TRANSACTION_TIMEOUT_MS: how long the broker keeps a transaction open whose worker is silent."""
    wait_s: float = 30.0
    """FACTORY_WAIT_S: deadline of each call on the broker and of one cycle; passed means doubt, so exit."""
    idle_ms: int = 100
    """FACTORY_IDLE_MS: longest wait for a record when none is there; bounds how late a stop is noticed."""
    cycle_ms: int = 40
    """FACTORY_CYCLE_MS: time of deciding that a cycle under load is sized for."""
    gather_ms: int = 15
    """FACTORY_GATHER_MS: longest wait of a busy cycle for more records to share its commit; 0 never waits."""
    share_ms: int = 5
    """FACTORY_SHARE_MS: time of deciding that one tenant gets of a cycle while others have work."""
    cycle_records_max: int = 2000
    """FACTORY_CYCLE_RECORDS_MAX: most records of a cycle (below 500 the commit dominates)."""
    cycle_bytes_max: int = 16_000_000
    """FACTORY_CYCLE_BYTES_MAX: input bytes after which a cycle takes no further batch."""
    compression: str = "gzip"
    """FACTORY_COMPRESSION: codec of what a worker writes; the default is read by every client without an extra."""
    command_horizon_s: int = 24 * 3600
    """FACTORY_COMMAND_HORIZON_S: how long a command id is remembered; older ids are refused (settled.md 3)."""
    web_port: int = 0
    """FACTORY_WORKER_PORT: port of the pages (status, metrics, health); 0 takes a free one."""
    web_host: str = "127.0.0.1"
    """FACTORY_WORKER_HOST: address that the pages listen on; in a container its own, for who scrapes it."""
    ready_fd: int = 0
    """FACTORY_READY_FD: set by the supervisor: pipe on which a successor says that it may take over (successor.py)."""
    crash_at: str = ""
    """FACTORY_CRASH_AT: ``point:count[:signal]``, only for tests that kill a worker at an exact place."""
    log_level: str = "INFO"
    """FACTORY_LOG_LEVEL: least severe message that is logged."""

    @property
    def transaction_timeout_s(self) -> float:
        """``transaction_timeout_ms`` in seconds."""
        return self.transaction_timeout_ms / 1000

    @property
    def wait_us(self) -> int:
        """``wait_s`` in microseconds."""
        return int(self.wait_s * SECOND_US)

    @property
    def horizon_us(self) -> int:
        """``command_horizon_s`` in microseconds."""
        return self.command_horizon_s * SECOND_US


_VARIABLES: Final[dict[str, str]] = {
    "worker_name": "FACTORY_WORKER",
    "group": "FACTORY_GROUP",
    "genesis": "FACTORY_GENESIS",
    "lease_secret": "FACTORY_LEASE_SECRET",
    "session_timeout_ms": "FACTORY_SESSION_TIMEOUT_MS",
    "transaction_timeout_ms": "FACTORY_TRANSACTION_TIMEOUT_MS",
    "wait_s": "FACTORY_WAIT_S",
    "idle_ms": "FACTORY_IDLE_MS",
    "cycle_ms": "FACTORY_CYCLE_MS",
    "gather_ms": "FACTORY_GATHER_MS",
    "share_ms": "FACTORY_SHARE_MS",
    "cycle_records_max": "FACTORY_CYCLE_RECORDS_MAX",
    "cycle_bytes_max": "FACTORY_CYCLE_BYTES_MAX",
    "compression": "FACTORY_COMPRESSION",
    "command_horizon_s": "FACTORY_COMMAND_HORIZON_S",
    "web_port": "FACTORY_WORKER_PORT",
    "web_host": "FACTORY_WORKER_HOST",
    "ready_fd": "FACTORY_READY_FD",
    "crash_at": "FACTORY_CRASH_AT",
    "log_level": "FACTORY_LOG_LEVEL",
}
"""Field -> environment variable; ``bootstrap`` and ``local`` are found by topics.settings."""


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """Give the settings of this process.

    Raises OperatorError (a value that is no number) and BrokerUnknownError (no broker is known).
    """
    given: dict[str, Any] = {
        name: _parsed(variable, environ[variable], type(_default(name)))
        for name, variable in _VARIABLES.items()
        if environ.get(variable)
    }
    return Settings(bootstrap=bootstrap_servers(environ), local=local_root(environ), **given)


def _default(name: str) -> object:
    return Settings.__dataclass_fields__[name].default


def _parsed(variable: str, text: str, kind: type) -> str | int | float:
    if kind is str:
        return text
    try:
        value: int | float = kind(text)
    except ValueError as error:
        raise OperatorError(f"{variable} must be a number, not {text!r}.") from error
    if value < 0:
        raise OperatorError(f"{variable} must not be negative, it is {text}.")
    return value
