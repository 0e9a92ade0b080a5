"""Rules about the shape of the code that a reader may rely on (architecture.md §3, style.md §10)."""

import ast
from statistics import median

from tests.architecture.source import functions, imports, modules, written

MAY_IMPORT = {
    "schemas": set(),
    "topics": {"schemas"},
    "processors": {"schemas"},
    "streams": {"schemas", "topics", "processors"},
    "query": {"schemas", "topics"},
}
COMMAND_LINES = ("cli.py",)
HOMES = {
    "duckdb": ("query/",),
    "fastavro": ("schemas/",),
    "confluent_kafka": ("streams/", "topics/", "query/"),
    "faust": ("streams/",),
    "cedarpy": ("processors/governance",),
    "fastapi": ("query/",),
    "cel": ("processors/workflow",),
    "opentelemetry": ("topics/otlp.py",),
    "prometheus_client": ("streams/observe/", "query/metrics.py"),
}
IMPURE = {
    "time",
    "random",
    "os",
    "socket",
    "logging",
    "secrets",
    "threading",
    "asyncio",
    "subprocess",
    "httpx",
    "urllib",
}
LINES_MAX, LINES_MEDIAN_MAX, FUNCTION_LINES_MAX = 400, 120, 50


def test_packages_import_only_what_lies_below_them() -> None:
    wrong = [
        f"{name}:{line} imports {module}"
        for name, tree in modules().items()
        for module, line in imports(tree)
        if (root := module.split(".")[0]) in MAY_IMPORT
        and root != (package := name.split("/")[0])
        and root not in MAY_IMPORT[package]
        and not name.endswith(COMMAND_LINES)
    ]
    assert wrong == []


def test_only_the_wiring_of_streams_knows_the_processors() -> None:
    wrong = [
        f"{name}:{line}"
        for name, tree in modules().items()
        for module, line in imports(tree)
        if name.startswith("streams/")
        and module.split(".")[0] == "processors"
        and not name.endswith(("wiring.py", *COMMAND_LINES))
    ]
    assert wrong == []


def test_each_library_has_one_home() -> None:
    wrong = [
        f"{name}:{line} imports {module}"
        for name, tree in modules().items()
        for module, line in imports(tree)
        if (homes := HOMES.get(module.split(".")[0])) and not name.startswith(homes)
    ]
    assert wrong == []


def test_processors_reach_for_no_clock_no_chance_and_no_world() -> None:
    wrong = [
        f"{name}:{line} imports {module}"
        for name, tree in modules().items()
        for module, line in imports(tree)
        if name.startswith("processors/") and module.split(".")[0] in IMPURE
    ]
    assert wrong == []


def test_processors_call_no_clock() -> None:
    wrong = [
        f"{name}:{node.lineno}"
        for name, tree in modules().items()
        if name.startswith("processors/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ("now", "utcnow", "today", "uuid4", "uuid1")
    ]
    assert wrong == []


def test_files_stay_small() -> None:
    sizes = {
        name: max((getattr(n, "end_lineno", 0) or 0 for n in tree.body), default=0)
        for name, tree in written().items()
    }
    assert {n: s for n, s in sizes.items() if s > LINES_MAX} == {}
    assert median(sizes.values()) <= LINES_MEDIAN_MAX


def test_functions_fit_a_screen() -> None:
    wrong = [
        f"{name}:{f.lineno} {f.name} has {f.end_lineno - f.lineno + 1} lines"
        for name, tree in written().items()
        for f in functions(tree)
        if f.end_lineno and f.end_lineno - f.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert wrong == []


def test_every_module_says_what_it_is() -> None:
    assert [n for n, t in modules().items() if t.body and not ast.get_docstring(t)] == []
