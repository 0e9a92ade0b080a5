"""The README of the definition language names every finding's code and the limits as they are; maps in macros."""

import re
from pathlib import Path

from processors.workflow import definition, expressions, publish_workflow_definition
from processors.workflow.definition import calls, reader, source, tasks

FOLDER = Path(definition.__file__).parent
TEXT = (FOLDER / "README.md").read_text()
CODE = re.compile(r'"([A-Z]{3,}(?:_[A-Z]+)*)"')


def test_every_code_of_a_finding_is_explained_and_no_other() -> None:
    files = [*FOLDER.glob("*.py"), Path(publish_workflow_definition.__file__)]
    refusals = {"NOT_FOUND"}
    codes = {code for path in files for code in CODE.findall(path.read_text())} - refusals
    section = TEXT.split("## Findings")[1].split("## Expressions")[0]
    explained = set(re.findall(r"\b[A-Z]{3,}(?:_[A-Z]+)*\b", section)) - {"CEL"}
    assert codes == explained


def test_the_limits_are_those_of_the_code() -> None:
    section = TEXT.split("## Limits")[1].split("## Findings")[0]
    for limit in (
        f"{source.TEXT_BYTES_MAX:,} bytes, nested {source.DEPTH_MAX} deep",
        f"{tasks.TASKS_MAX}, {tasks.BRANCHES_MAX}",
        f"{tasks.ITEMS_MAX:,} (1,000 unless said), {tasks.AT_ONCE_MAX:,}",
        f"{expressions.LENGTH_MAX:,} characters, {expressions.MACROS_MAX} macros",
        f"nested {expressions.MACRO_DEPTH_MAX} deep",
        f"{reader.FINDINGS_MAX} a check",
    ):
        assert limit in section, limit


def test_every_kind_of_task_and_every_argument_of_a_call_is_named() -> None:
    named = set(re.findall(r"`([\w-]+)`", TEXT))
    assert set(tasks.KINDS) | set(tasks.UNSUPPORTED) <= named
    arguments = set(re.findall(r'fields.get\("(\w+)"\)', Path(calls.__file__).read_text()))
    inside = {"input", "output", "attempts", "delay", "maxDelay", "factor", "classes"}
    assert arguments - inside <= named


def test_a_macro_over_a_map_visits_each_member_once_in_any_order() -> None:
    names = {"input": {"prices": dict.fromkeys("abcdefgh", 1)}}
    for _ in range(5):
        visited = expressions.evaluate("input.prices.map(k, k)", names)
        assert sorted(visited) == list("abcdefgh")
        assert expressions.evaluate("input.prices.all(k, input.prices[k] == 1)", names) is True
        assert expressions.evaluate("size(input.prices.filter(k, k > 'd'))", names) == 4


def test_a_macro_over_a_list_visits_it_in_its_order() -> None:
    names = {"input": {"items": list("hgfedcba")}}
    assert expressions.evaluate("input.items.map(k, k)", names) == list("hgfedcba")
