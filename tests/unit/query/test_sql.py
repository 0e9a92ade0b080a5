"""SQL lives in files, one question each; Python never builds it from strings (style.md §4.6)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from query import questions

ROOT = Path(questions.__file__).parent
STATEMENT = re.compile(
    r"^\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|COPY|ATTACH|PRAGMA|EXPORT|WITH\s+(RECURSIVE\s+)?\w+\s+AS)\s",
    re.IGNORECASE,
)
ALLOWED = {"BEGIN TRANSACTION READ ONLY", "SET lock_configuration = true"}
"""Statements that ask nothing: they begin a read and lock the settings."""


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        yield path, ast.parse(path.read_text())


def docstrings(tree: ast.Module) -> set[int]:
    """Give the ids of the string constants that stand alone: documentation."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def test_no_statement_stands_in_python() -> None:
    found = [
        f"{path.name}:{node.lineno}"
        for path, tree in modules()
        for documented in [docstrings(tree)]
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documented
        and STATEMENT.match(node.value)
        and node.value not in ALLOWED
    ]
    assert found == []


def test_what_is_executed_is_never_put_together() -> None:
    executed = [
        (path.name, call.args[0])
        for path, tree in modules()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in {"execute", "sql", "query", "executemany", "query_appender"}
        and call.args
    ]
    assert executed
    for name, argument in executed:
        assert isinstance(argument, ast.Name | ast.Attribute | ast.Call | ast.Constant), name
        if isinstance(argument, ast.Call):
            assert isinstance(argument.func, ast.Name)
            assert argument.func.id == "script", name
        if isinstance(argument, ast.Constant):
            assert argument.value in ALLOWED, name


def test_each_file_holds_one_statement_of_its_folder() -> None:
    for folder, verb in (
        ("tables", "CREATE TABLE"),
        ("views", "CREATE VIEW"),
        ("append", "INSERT"),
    ):
        for name in questions.names(folder):
            text = re.sub(r"^--.*$", "", questions.script(folder, name), flags=re.MULTILINE).strip()
            assert text.startswith(verb), f"{folder}/{name}"
            assert text.count(";") == 1, f"{folder}/{name}"
            assert text.endswith(";"), f"{folder}/{name}"


def test_every_table_that_is_filled_exists() -> None:
    assert set(questions.names("append")) == set(questions.names("tables"))


def test_every_tenant_s_table_begins_with_its_tenant() -> None:
    nobodys = {"dead_letters", "projection_positions", "properties", "tenant_heads", "audit"}
    for name in set(questions.names("tables")) - nobodys:
        lines = questions.script("tables", name).splitlines()
        assert lines[1].strip() == "tenant_id VARCHAR NOT NULL,", name
