"""The table of faults names programs that are there and tests that are there."""

import ast
from pathlib import Path

from streams.crashpoints import POINTS
from tests.fault.elsewhere import ELSEWHERE
from tests.fault.table import FAULTS

TESTS = Path(__file__).parents[1]
README = (TESTS / "fault" / "README.md").read_text(encoding="utf-8")


def test_every_test_that_stands_for_a_fault_exists() -> None:
    missing = []
    for shown in (name for row in ELSEWHERE for name in row.shown_by):
        path, _, test = shown.partition("::")
        tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
        if test not in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}:
            missing.append(shown)
    assert missing == []


def test_every_fault_has_one_row_and_is_in_the_long_set() -> None:
    names = [fault.id for fault in FAULTS]
    assert len(set(names)) == len(names)
    assert all(0 <= fault.short <= fault.long for fault in FAULTS)
    at_once = {"F1": 1, "F1-agent": 1, "F1-gone": 1, "F2": len(POINTS), "F3": 1, "F5": 1}
    assert sum(at_once.get(fault.id, 0) * fault.long for fault in FAULTS) >= 500


def test_every_fault_stands_in_the_readme() -> None:
    assert [fault.id for fault in FAULTS if f"| {fault.id} |" not in README] == []
