"""The one owner of the DuckDB file: opens it under locked settings, writes batches, reads snapshots.

Kafka is the truth and the file a view of it (reliability.md R4): a file that does not open, was written by another
layout or fails its own check is set aside, and the projector builds a new one from offset 0.
"""

import hashlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import duckdb

from query.order import Head, Partition
from query.projections import VERSIONS
from query.projections.model import Row
from query.questions import Question, names, question, script
from query.settings import QUERIES_AT_ONCE, QUERY_DEADLINE_S
from schemas.output import OperatorError

_FIXED: Final = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    # Each checkpoint rewrites the last partial row group: with 16 MB the same rows cost three times the CPU.
    "checkpoint_threshold": "256MB",
}
_APPENDED_AS: Final = {"TIMESTAMP": "BIGINT", "UUID": "VARCHAR"}
"""Types that rows bring in another form; the append file casts (query.md §1.2)."""
_BEGIN_READ: Final = "BEGIN TRANSACTION READ ONLY"
_LOCKED: Final = "Could not set lock on file"
_POSITIONS: Final = "projection_positions"
_HEADS: Final = "tenant_heads"
_PROPERTIES: Final = "properties"


class StoreLockedError(OperatorError):
    """Another process holds the file; DuckDB admits one (query.md §1.4)."""


class StoreDoubtError(Exception):
    """A file that is not to be trusted; the reason is a sentence."""


class RowRefusedError(Exception):
    """The database refuses a value of the batch; nothing of the batch was written."""


class StoreUnavailableError(Exception):
    """The batch could not be written (full disk, memory); nothing of it was, and the same write may succeed later."""


class QueryDeadlineError(Exception):
    """A question took longer than the deadline and was interrupted."""


class StoreBusyError(Exception):
    """Every place for a question was taken for as long as the caller may wait."""


def layout() -> str:
    """Give the digest of every table, append statement and rule version: what a file must have been written by."""
    digest = hashlib.sha256(repr(sorted(VERSIONS.items())).encode())
    for folder in ("tables", "append", "views"):
        for name in names(folder):
            digest.update(script(folder, name).encode())
    return digest.hexdigest()


def _connect(path: Path, memory_limit: str, threads: int) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        **_FIXED,
        "memory_limit": memory_limit,
        "threads": threads,
    }
    try:
        connection = duckdb.connect(str(path), config=config)
        connection.execute("SET lock_configuration = true")
    except duckdb.IOException as error:
        text = str(error)
        if _LOCKED not in text:
            raise StoreDoubtError(f"it does not open ({text.splitlines()[0]})") from error
        holder = text.partition("(PID ")[2].partition(")")[0] or "unknown"
        raise StoreLockedError(
            f"The views in {path} are held by process {holder}: stop it first, one process may hold them."
        ) from error
    except duckdb.Error as error:
        raise StoreDoubtError(f"it does not open ({str(error).splitlines()[0]})") from error
    return connection


def open_store(path: Path, memory_limit: str = "256MB", threads: int = 2) -> "tuple[Store, str]":
    """Open the file, or set it aside and begin a new one; give the store and the reason, empty where there was none.

    Raises StoreLockedError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return Store(path, memory_limit, threads), ""
    except StoreDoubtError as doubt:
        set_aside(path)
        return Store(path, memory_limit, threads), str(doubt)


def set_aside(path: Path) -> None:
    """Move the file and its log out of the way; what was set aside before is removed, so that one copy is kept."""
    for old in path.parent.glob(f"{path.name}*.doubt-*"):
        old.unlink()
    stamp = time.time_ns()
    for part in (path, wal_of(path)):
        with suppress(FileNotFoundError):
            part.rename(part.with_name(f"{part.name}.doubt-{stamp}"))


def wal_of(path: Path) -> Path:
    """Give DuckDB's write-ahead log of a file."""
    return path.with_name(path.name + ".wal")


class Store:
    """The open file. One thread writes; any thread reads, each read in a transaction that cannot write."""

    def __init__(self, path: Path, memory_limit: str = "256MB", threads: int = 2) -> None:
        self.path = path
        self._root = _connect(path, memory_limit, threads)
        self._root_lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(QUERIES_AT_ONCE)
        self._writer = self._root.cursor()
        self._appenders: dict[str, duckdb.Appender] = {}
        try:
            self._prepare()
            self._check()
        except (duckdb.Error, StoreDoubtError) as error:
            self._root.close()
            if isinstance(error, StoreDoubtError):
                raise
            raise StoreDoubtError(f"its tables are not as expected ({error})") from error

    # -- opening -------------------------------------------------------------------------------------
    def _prepare(self) -> None:
        if not self._ask("operator/tables"):
            self._writer.begin()
            for folder in ("tables", "views"):
                for name in names(folder):
                    self._writer.execute(script(folder, name))
            self._writer.commit()
            self.set_property("layout", layout())
        if self.properties().get("layout") != layout():
            raise StoreDoubtError("it was written by another layout of the views")

    def _check(self) -> None:
        """Compare heads and rows: per tenant the audit rows are 1…head, each once (a torn file shows here)."""
        wrong = self._ask("operator/self_check")
        if wrong:
            first = wrong[0]
            raise StoreDoubtError(
                f"tenant {first['tenant_id']} has {first['row_count']} rows up to {first['newest']}"
                f" where its head says {first['head']}"
            )

    def _ask(self, name: str) -> list[dict[str, Any]]:
        return _rows(self._writer, question(name), {})

    def properties(self) -> dict[str, str]:
        """Give what the file says of itself: its layout, and the Kafka cluster it was built from."""
        return {row["name"]: row["value"] for row in self._ask("operator/properties")}

    def set_property(self, name: str, value: str) -> None:
        """Note a property of the file."""
        self._write({_PROPERTIES: [(name, value)]})

    def positions(self) -> dict[Partition, int]:
        """Give, per (topic, partition), the offset to go on from."""
        rows = self._ask("operator/positions")
        return {(row["topic"], row["kafka_partition"]): row["next_offset"] for row in rows}

    def heads(self) -> dict[str, Head]:
        """Give how far each tenant is visible."""
        return {row["tenant_id"]: Head(**row) for row in self._ask("operator/heads")}

    # -- writing -------------------------------------------------------------------------------------
    def write(
        self,
        rows: Mapping[str, Sequence[Row]],
        positions: Mapping[Partition, int],
        heads: Sequence[Head],
    ) -> None:
        """Add rows and move positions and heads in one transaction.

        Raises RowRefusedError (a value of the batch) and StoreUnavailableError (try again later).
        """
        moved = [(*place, offset) for place, offset in positions.items()]
        self._write({**rows, _POSITIONS: moved, _HEADS: [tuple(head) for head in heads]})

    def _write(self, rows: Mapping[str, Sequence[Row]]) -> None:
        try:
            self._writer.begin()
            for table, values in rows.items():
                if values:
                    appender = self._appender(table)
                    appender.append_rows(values)
                    appender.flush()
            self._writer.commit()
        except (duckdb.DataError, duckdb.IntegrityError, duckdb.ProgrammingError) as error:
            self._take_back()
            raise RowRefusedError(str(error).splitlines()[0]) from error
        except duckdb.Error as error:
            self._take_back()
            raise StoreUnavailableError(str(error).splitlines()[0]) from error

    def _take_back(self) -> None:
        self._appenders.clear()
        with suppress(duckdb.Error):
            self._writer.rollback()

    def _appender(self, table: str) -> duckdb.Appender:
        """Give the table's appender; it is kept, because planning its statement costs a millisecond."""
        appender = self._appenders.get(table)
        if appender is None:
            described = self._writer.table(table)
            columns = {
                name: _APPENDED_AS.get(str(kind), str(kind))
                for name, kind in zip(described.columns, described.types, strict=True)
            }
            appender = self._writer.query_appender(script("append", table), columns)
            self._appenders[table] = appender
        return appender

    # -- reading -------------------------------------------------------------------------------------
    @contextmanager
    def reading(self, deadline_s: float = QUERY_DEADLINE_S) -> "Iterator[Snapshot]":
        """Give one snapshot for several questions; all must end within the deadline.

        Raises StoreBusyError and QueryDeadlineError.
        """
        if not self._slots.acquire(timeout=deadline_s):
            raise StoreBusyError
        try:
            with self._root_lock:
                cursor = self._root.cursor()
            timer = threading.Timer(deadline_s, cursor.interrupt)
            timer.daemon = True
            timer.start()
            try:
                cursor.execute(_BEGIN_READ)
                yield Snapshot(cursor)
            except duckdb.InterruptException as error:
                raise QueryDeadlineError from error
            finally:
                timer.cancel()
                cursor.close()
        finally:
            self._slots.release()

    def close(self) -> None:
        """Close the file; its log is merged into it."""
        self._appenders.clear()
        self._writer.close()
        self._root.close()


class Snapshot:
    """One consistent view of the file for the time of a request."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def ask(self, name: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Give the rows of a question by column name; parameters that it does not have are left out."""
        return _rows(self._cursor, question(name), parameters)


def _rows(
    cursor: duckdb.DuckDBPyConnection, asked: Question, parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    bound = {name: parameters[name] for name in asked.parameters}
    result = cursor.execute(asked.text, bound)
    columns = [column[0] for column in result.description or ()]
    return [dict(zip(columns, values, strict=True)) for values in result.fetchall()]
