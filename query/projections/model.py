"""What a view is: a table, and for each fact type a pure rule that turns a fact into rows of it.

Rows are appended, never changed: a row says what one fact says, and the question files fold rows into present states.
So a view needs no lock, keeps every earlier state, and is rebuilt by reading the log again. The statement that
creates a table is ``sql/tables/<table>.sql``, the one that appends to it ``sql/append/<table>.sql``.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from msgspec import Struct

from query.record import Sequenced
from schemas.messages.envelope import Envelope

Row = tuple[Any, ...]
"""Values in the order of a table's columns: int, str, bytes, bool, sequence of str, None.

Instants are int micros and UUIDs text, as the wire has them; the append file casts.
"""

Rule = Callable[[Envelope, Any], Iterable[Row]]
"""``rule(envelope, payload)`` gives the rows that a fact adds to the view; pure."""


class View(NamedTuple):
    """A table and the facts that fill it.

    ``version`` moves when a rule changes: the file of another version is set aside and built again from the log.
    """

    table: str
    version: int
    rules: Mapping[type[Struct], Rule]


class Added(NamedTuple):
    """Rows that one record adds, and the record, so that a row that the database refuses is found again."""

    record: Sequenced
    rows: list[tuple[str, Row]]
    """(table, row), in the order of the views."""


def fact(envelope: Envelope) -> Row:
    """Give the first columns of every tenant's view: whose fact it is, which, and when it was decided (micros)."""
    return (envelope.tenant_id, envelope.sequence, envelope.occurred_at)


def bare(value: str | None) -> str | None:
    """Give the UUID of an id with a prefix: ``wf-<uuid>`` becomes ``<uuid>``, 16 bytes in the database."""
    return None if value is None else value[-36:]
