"""The project's own source, parsed once for the rules about it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("schemas", "topics", "processors", "streams", "query")
GENERATED = ("schemas/messages", "schemas/edge")


@cache
def modules() -> dict[str, ast.Module]:
    """Give path from the root -> syntax tree of every module of the packages."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def written() -> dict[str, ast.Module]:
    """Give the modules that people write: all but the generated ones."""
    return {n: t for n, t in modules().items() if not n.startswith(GENERATED)}


def imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Give (module, line) of every import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module, node.lineno


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give every function, methods and inner ones included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
