"""DefineWorkflow: a checked draft, written again until its version is published."""

import json
from typing import Any

from msgspec import Struct

from schemas.messages.workflow.commands import DefineWorkflow
from schemas.messages.workflow.facts import WorkflowDefined
from schemas.messages.workflow.state import WorkflowDefinitionDraft
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, agent_task, published, steps, text
from tests.unit.workflow.world import OPERATOR, OWNER, act, world

TEXT = text(steps(only=agent_task()))


def define(definition: str = TEXT, version: str = "1.0.0", **cause: Any) -> Scenario:
    command = DefineWorkflow(name=NAME, version=version, definition=definition)
    return act(world(), command, **{"actor_id": OWNER, **cause})


def draft_of(scenario: Scenario) -> Struct | None:
    return scenario.tables.get(WorkflowDefinitionDraft, f"{NAME}/1.0.0")


def test_a_text_without_faults_becomes_a_draft() -> None:
    scenario = define()
    fact = WorkflowDefined(
        definition_id=f"{NAME}/1.0.0", name=NAME, version="1.0.0", definition=TEXT
    )
    scenario.then(fact)
    assert draft_of(scenario) == WorkflowDefinitionDraft(
        name=NAME, version="1.0.0", definition=TEXT
    )


def test_a_draft_may_be_written_again() -> None:
    scenario = define()
    other = text(steps(only=agent_task(2)))
    act(scenario, DefineWorkflow(name=NAME, version="1.0.0", definition=other), actor_id=OWNER)
    scenario.then(WorkflowDefined)
    draft = draft_of(scenario)
    assert isinstance(draft, WorkflowDefinitionDraft)
    assert draft.definition == other


def test_all_faults_come_back_with_line_and_column() -> None:
    bad = text(steps(a={"wait": "soon"}, b={"run": {}}))
    scenario = define(bad).refused("INVALID_ARGUMENT", "definition")
    assert scenario.rejection is not None
    listed = json.loads(scenario.rejection.got)
    assert [(f["code"], f["path"]) for f in listed] == [
        ("BAD_VALUE", "do/0/wait"),
        ("UNSUPPORTED", "do/1"),
    ]
    lines = bad.splitlines()
    assert "soon" in lines[listed[0]["line"] - 1][listed[0]["column"] - 1 :]
    assert "2 faults" in scenario.rejection.rule
    assert draft_of(scenario) is None


def test_a_refusal_carries_a_hundred_findings_at_most() -> None:
    bad = text(steps(**{f"task{n}": {"wait": "soon"} for n in range(150)}))
    rejection = define(bad).rejection
    assert rejection is not None
    assert len(json.loads(rejection.got)) == 100
    assert rejection.rule.startswith("the definition has 150 faults")


def test_name_and_version_are_those_of_the_document() -> None:
    define(version="2.0.0").refused("INVALID_ARGUMENT", "name")


def test_a_published_version_is_not_drafted_again() -> None:
    scenario = world().given(published(TEXT))
    command = DefineWorkflow(name=NAME, version="1.0.0", definition=TEXT)
    act(scenario, command, actor_id=OWNER).refused("ALREADY_EXISTS", "version")


def test_who_may_not_say_how_work_is_done_is_refused() -> None:
    define(actor_id=OPERATOR).refused("FORBIDDEN")
