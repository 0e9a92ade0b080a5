"""The definition language: what it takes, and every fault by its line and code, all in one pass."""

from pathlib import Path

import pytest
import yaml

from processors.workflow.definition import (
    DefinitionInvalidError,
    check_definition,
    load,
    source,
)
from processors.workflow.definition.durations import SECOND, parse_iso
from processors.workflow.definition.model import (
    CallAgentTask,
    CallApproval,
    For,
    Fork,
    Raise,
    SetData,
    Switch,
    Try,
    Wait,
)

DATA = Path(__file__).resolve().parents[2] / "data" / "definitions"
SEEDS = Path(__file__).resolve().parents[3] / "definitions" / "workflows"
HEAD = "document: {dsl: '1.0.3', namespace: tests, name: work, version: 1.0.0}\ndo:\n"
TASK = "with: {role: Adder, skill: S.Add}"


def faults(body: str, head: str = HEAD) -> list[tuple[int, str]]:
    """Give (line, code) of each finding; the body begins in line 3."""
    _, findings = check_definition(head + body)
    return [(finding.line, finding.code) for finding in findings]


@pytest.mark.parametrize(
    "path", [*SEEDS.glob("*.yaml"), DATA / "many_shapes.yaml"], ids=lambda p: p.stem
)
def test_definitions_of_ours_have_no_fault(path: Path) -> None:
    definition, findings = check_definition(path.read_text())
    assert findings == ()
    assert definition is not None


def test_every_kind_of_task_is_read_at_its_path() -> None:
    definition = load((DATA / "many_shapes.yaml").read_text())
    kinds = {path: type(task) for path, task in definition.tasks_by_path.items()}
    assert kinds["do/0"] is Fork
    assert kinds["do/0/fork/19/do/0"] is CallAgentTask
    assert kinds["do/1"] is For
    assert kinds["do/1/for/do/0"] is CallAgentTask
    assert kinds["do/3"] is Switch
    assert kinds["do/4"] is Raise
    assert kinds["do/5"] is Try
    assert kinds["do/5/try/0"] is Raise
    assert kinds["do/5/catch/do/0"] is SetData
    assert kinds["do/6"] is CallApproval
    assert kinds["do/7"] is Wait


def test_what_is_left_out_has_its_default() -> None:
    task = load(HEAD + f"  - a: {{call: agentTask, {TASK}}}\n").tasks_by_path["do/0"]
    assert isinstance(task, CallAgentTask)
    assert (task.skill_range, task.model_policy, task.priority) == ("*", "standard", 3)
    assert (task.retry.attempts_max, task.retry.delay_micros) == (5, 2 * SECOND)
    assert (task.intent, task.inputs, task.gate) == ('"a"', (), None)


FAULTS = {
    # the document
    "no list": ("  a: b\n", [(3, "WRONG_TYPE")]),
    "an empty list": ("  []\n", [(3, "MISSING")]),
    "two names in one entry": ("  - {a: {wait: PT1S}, b: {wait: PT1S}}\n", [(3, "WRONG_TYPE")]),
    "a name twice": ("  - a: {wait: PT1S}\n  - a: {wait: PT1S}\n", [(4, "DUPLICATE_NAME")]),
    "a name that is none": ("  - a-b: {wait: PT1S}\n", [(3, "BAD_VALUE")]),
    "a key twice": ("  - a:\n      wait: PT1S\n      wait: PT2S\n", [(5, "DUPLICATE_KEY")]),
    "no kind": ("  - a: {if: '${ true }'}\n", [(3, "UNKNOWN_TASK")]),
    "two kinds": ("  - a: {wait: PT1S, set: {x: 1}}\n", [(3, "AMBIGUOUS")]),
    "a script": ("  - a: {run: {script: {}}}\n", [(3, "UNSUPPORTED")]),
    "an emit": ("  - a: {emit: {}}\n", [(3, "UNSUPPORTED")]),
    "a listen": ("  - a: {listen: {}}\n", [(3, "UNSUPPORTED")]),
    "an unknown key": ("  - a: {wait: PT1S, colour: red}\n", [(3, "UNKNOWN_KEY")]),
    # calls
    "an HTTP call": ("  - a: {call: http, with: {}}\n", [(3, "UNSUPPORTED")]),
    "a call without with": ("  - a: {call: agentTask}\n", [(3, "MISSING")]),
    "no role": ("  - a: {call: agentTask, with: {skill: S}}\n", [(3, "MISSING")]),
    "no skill": ("  - a: {call: agentTask, with: {role: R}}\n", [(3, "MISSING")]),
    "a version range that is none": (
        "  - a: {call: agentTask, with: {role: R, skill: S, skillVersion: latest}}\n", [(3, "BAD_VALUE")]),
    "a priority of 6": ("  - a: {call: agentTask, with: {role: R, skill: S, priority: 6}}\n", [(3, "OUT_OF_RANGE")]),
    "a priority in words": (
        "  - a: {call: agentTask, with: {role: R, skill: S, priority: high}}\n",
        [(3, "WRONG_TYPE")]),
    "true for a number": (
        "  - a: {call: agentTask, with: {role: R, skill: S, priority: true}}\n",
        [(3, "WRONG_TYPE")]),
    "half a budget": (
        "  - a: {call: agentTask, with: {role: R, skill: S, tokenBudget: {input: 1}}}\n",
        [(3, "MISSING")]),
    "a negative budget": (
        "  - a: {call: agentTask, with: {role: R, skill: S, tokenBudget: {input: -1, output: 1}}}\n",
        [(3, "OUT_OF_RANGE")]),
    "a deadline of a month": (
        "  - a: {call: agentTask, with: {role: R, skill: S, deadline: P30D}}\n", [(3, "OUT_OF_RANGE")]),
    "a retry of a validation": (
        "  - a: {call: agentTask, with: {role: R, skill: S, retry: {classes: [validation]}}}\n", [(3, "BAD_VALUE")]),
    "a gate that is no action": (
        "  - a: {call: agentTask, with: {role: R, skill: S}, x-gate: now}\n",
        [(3, "BAD_VALUE")]),
    "an approver that no one can be": (
        "  - a: {call: approval, with: {approverRole: Emperor}}\n",
        [(3, "UNKNOWN_ROLE")]),
    "a quorum of none": (
        "  - a: {call: approval, with: {approverRole: TenantOwner, quorum: 0}}\n",
        [(3, "OUT_OF_RANGE")]),
    "a quorum of two in words": (
        "  - a: {call: approval, with: {approverRole: TenantOwner, fourEyes: 'no'}}\n", [(3, "WRONG_TYPE")]),
    # flow
    "a jump to nowhere": (
        "  - a:\n      switch:\n        - x: {then: b}\n",
        [(5, "UNKNOWN_TARGET")]),
    "a jump backwards": (
        "  - a: {wait: PT1S}\n  - b:\n      switch:\n        - x: {when: '${ true }', then: a}\n", [(6, "CYCLE")]),
    "a task behind a raise": (
        "  - a: {raise: {error: {type: agent}}}\n  - b: {wait: PT1S}\n",
        [(4, "UNREACHABLE")]),
    "a task that is jumped over": (
        "  - a:\n      switch:\n        - x: {then: c}\n  - b: {wait: PT1S}\n  - c: {wait: PT1S}\n",
        [(6, "UNREACHABLE")]),
    "a case without then": (
        "  - a:\n      switch:\n        - x: {when: '${ true }'}\n",
        [(5, "MISSING")]),
    "a loop without a list": (
        "  - a:\n      for: {each: x, in: '${ [1] }'}\n",
        [(4, "MISSING")]),
    "a loop over a literal": (
        "  - a:\n      for: {each: x, in: [1]}\n      do: [{b: {wait: PT1S}}]\n",
        [(4, "BAD_EXPRESSION")]),
    "a loop of too many": (
        "  - a:\n      for: {each: x, in: '${ [1] }'}\n      x-maxItems: 100000\n      do: [{b: {wait: PT1S}}]\n",
        [(5, "OUT_OF_RANGE")]),
    "a branch twice": (
        "  - a:\n      fork:\n        branches:\n          - b: {wait: PT1S}\n          - b: {wait: PT1S}\n",
        [(7, "DUPLICATE_NAME")]),
    "a try without catch": ("  - a:\n      try: [{b: {wait: PT1S}}]\n", [(4, "MISSING")]),
    "a raise without a type": ("  - a: {raise: {error: {title: x}}}\n", [(3, "MISSING")]),
    # durations and expressions
    "a wait in words": ("  - a: {wait: soon}\n", [(3, "BAD_VALUE")]),
    "a wait in weeks": ("  - a: {wait: {weeks: 1}}\n", [(3, "UNKNOWN_KEY")]),
    "a guard that is no expression": ("  - a: {if: 'true', wait: PT1S}\n", [(3, "BAD_EXPRESSION")]),
    "an expression that does not parse": ("  - a: {set: {x: '${ 1 + }'}}\n", [(3, "BAD_EXPRESSION")]),
    "an unknown root": ("  - a: {set: {x: '${ secrets.key }'}}\n", [(3, "UNKNOWN_NAME")]),
    "an unknown name": ("  - a: {set: {x: '${ context.nobody }'}}\n", [(3, "UNKNOWN_NAME")]),
    "a clock": ("  - a: {set: {x: '${ now() }'}}\n", [(3, "BAD_EXPRESSION")]),
    "macros three deep": (
        "  - a: {set: {x: '${ [1].map(a, [1].map(b, [1].map(c, c))) }'}}\n", [(3, "BAD_EXPRESSION")]),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named_by_line_and_code(fault: str) -> None:
    body, expected = FAULTS[fault]
    assert faults(body) == expected


def test_all_faults_come_in_one_pass_ordered_by_line() -> None:
    _, findings = check_definition((DATA / "twenty_faults.yaml").read_text())
    assert [(f.line, f.code) for f in findings] == [
        (2, "BAD_VALUE"), (6, "UNKNOWN_KEY"), (9, "BAD_SCHEMA"), (12, "UNSUPPORTED"), (14, "DUPLICATE_NAME"),
        (20, "BAD_EXPRESSION"), (21, "OUT_OF_RANGE"), (22, "OUT_OF_RANGE"), (26, "MISSING"), (27, "BAD_VALUE"),
        (29, "UNKNOWN_NAME"), (29, "UNKNOWN_NAME"), (31, "UNSUPPORTED"), (33, "BAD_VALUE"), (37, "UNKNOWN_TARGET"),
        (43, "UNKNOWN_ROLE"), (44, "OUT_OF_RANGE"), (46, "MISSING"), (48, "BAD_EXPRESSION"), (52, "DUPLICATE_KEY"),
    ]  # fmt: skip
    assert all(finding.message and finding.code for finding in findings)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "NOT_YAML"),
        ("a: [", "NOT_YAML"),
        ("a: 1\n---\nb: 2", "NOT_YAML"),
        ("a: &x 1\nb: *x", "UNSUPPORTED"),
        ("a: !!python/object:os.system 1", "UNSUPPORTED"),
        ("%YAML 1.1\n---\na: 1", "UNSUPPORTED"),
        ("x" * 70_000, "TOO_LARGE"),
        ("[" * 40 + "]" * 40, "TOO_LARGE"),
        ("a: \x00", "NOT_YAML"),
        ("a: \ud800", "NOT_YAML"),
    ],
    ids=range(10),
)
def test_what_is_no_plain_yaml_is_not_read_any_further(text: str, code: str) -> None:
    definition, findings = check_definition(text)
    assert definition is None
    assert code in {finding.code for finding in findings}


def test_words_of_yaml_1_1_are_strings() -> None:
    assert faults(
        "  - a: {call: approval, with: {approverRole: TenantOwner, fourEyes: yes}}\n"
    ) == [(3, "WRONG_TYPE")]


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("PT1S", SECOND),
        ("PT0.5S", SECOND // 2),
        ("PT1M30S", 90 * SECOND),
        ("P1DT2H", 26 * 3600 * SECOND),
        ("P", None),
        ("PT", None),
        ("1s", None),
        ("P1W", None),
        ("PT-1S", None),
    ],
)
def test_durations_are_iso_8601(text: str, micros: int | None) -> None:
    assert parse_iso(text) == micros


def test_a_published_text_with_faults_cannot_be_loaded() -> None:
    with pytest.raises(DefinitionInvalidError, match="line 3"):
        load(HEAD + "  - a: {wait: soon}\n")


def _marks(node: yaml.Node) -> list[tuple[str, int, int, object]]:
    """Give tag, line, column and text of every node, in order."""
    value = node.value if isinstance(node, yaml.ScalarNode) else None
    found: list[tuple[str, int, int, object]] = [
        (node.tag, node.start_mark.line, node.start_mark.column, value)
    ]
    inner = node.value if isinstance(node, yaml.CollectionNode) else []
    for item in inner:
        for member in item if isinstance(item, tuple) else (item,):
            found += _marks(member)
    return found


@pytest.mark.parametrize(
    "path", [*SEEDS.glob("*.yaml"), *DATA.glob("*.yaml")], ids=lambda path: path.stem
)
def test_libyaml_and_the_python_reader_give_the_same_nodes_at_the_same_places(path: Path) -> None:
    class Python(yaml.SafeLoader):
        """PyYAML's own reader with the scalars of the profile."""

        yaml_implicit_resolvers = source._StrictLoader.yaml_implicit_resolvers

    text = "# ümlaut in front\n" + path.read_text()
    ours, _ = source.compose(text)
    theirs = yaml.compose(text, Loader=Python)
    assert ours is not None
    assert theirs is not None
    assert _marks(ours) == _marks(theirs)
