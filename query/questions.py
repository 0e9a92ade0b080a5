"""The questions: one ``.sql`` file each, read once, checked to be one SELECT.

Python never builds SQL from strings: a caller gives parameters to a question by its name. A tenant's question binds
``$tenant_id``; those of operators lie in ``sql/operator``. Users never send SQL (reliability.md R5).
"""

from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

import duckdb

_SQL: Final = files("query") / "sql"


class Question(NamedTuple):
    """One SELECT with named parameters."""

    name: str
    text: str
    parameters: frozenset[str]


class QuestionError(ValueError):
    """A question file that is not one SELECT, or a tenant's that does not name its tenant."""


@cache
def question(name: str) -> Question:
    """Give the question of a name: ``workflow_list``, or ``operator/lag`` for one of the operators'."""
    text = (_SQL / f"{name}.sql").read_text()
    statements = duckdb.extract_statements(text)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise QuestionError(f"{name}.sql is not one SELECT")
    parameters = frozenset(statements[0].named_parameters)
    if "/" not in name and "tenant_id" not in parameters:
        raise QuestionError(f"{name}.sql does not bind $tenant_id")
    return Question(name, text, parameters)


def script(folder: str, name: str) -> str:
    """Give the statement that creates (``tables``) or fills (``append``) a table."""
    return (_SQL / folder / f"{name}.sql").read_text()


def names(folder: str = "") -> tuple[str, ...]:
    """List the files of a folder of ``sql`` by name, without their ending."""
    folder_path = _SQL / folder if folder else _SQL
    return tuple(
        sorted(path.name[:-4] for path in folder_path.iterdir() if path.name.endswith(".sql"))
    )
