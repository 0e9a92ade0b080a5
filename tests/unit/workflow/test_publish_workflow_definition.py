"""PublishWorkflowDefinition: a version that never changes, with its whole text, under a policy gate."""

import hashlib
import json
from typing import Any

import pytest

from processors.assets import VERSIONS_MAX
from schemas.ids import PrincipalId
from schemas.messages.governance.facts import (
    ApprovalGranted,
    ApprovalRequested,
    PolicyDecisionRecorded,
)
from schemas.messages.workflow.commands import DefineWorkflow, PublishWorkflowDefinition
from schemas.messages.workflow.facts import UsedSkill, WorkflowDefinitionPublished
from schemas.messages.workflow.state import (
    WorkflowDefinition,
    WorkflowDefinitionDraft,
    WorkflowDefinitionVersion,
)
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, agent_task, published, steps, text
from tests.unit.workflow.world import OPERATOR, OWNER, SKILL, act, policy, world

TEXT = text(steps(only=agent_task()))


def publish(
    definition: str = TEXT, version: str = "1.0.0", scenario: Scenario | None = None, **cause: Any
) -> Scenario:
    command = PublishWorkflowDefinition(name=NAME, version=version, definition=definition)
    return act(scenario or world(), command, **{"actor_id": OWNER, **cause})


def test_a_publication_carries_the_text_its_digest_and_the_skills() -> None:
    scenario = publish().then(PolicyDecisionRecorded, WorkflowDefinitionPublished)
    fact = scenario.fact(WorkflowDefinitionPublished)
    assert (fact.definition, fact.namespace, fact.title) == (TEXT, "tests", NAME)
    assert fact.content_hash == hashlib.sha256(TEXT.encode()).hexdigest()
    assert fact.skills == (UsedSkill(skill=SKILL, version_range="^1.0.0"),)
    record = scenario.tables.get(WorkflowDefinitionVersion, f"{NAME}/1.0.0")
    assert record is not None
    assert (record.text, record.content_hash) == (TEXT, fact.content_hash)


def test_versions_are_listed_newest_first() -> None:
    scenario = world()
    for version in ("1.0.0", "1.10.0", "1.9.0"):
        publish(text(steps(only=agent_task()), version=version), version, scenario)
        assert scenario.rejection is None
    series = scenario.tables.get(WorkflowDefinition, NAME)
    assert series is not None
    assert series.versions == ("1.10.0", "1.9.0", "1.0.0")


def test_without_a_text_the_draft_is_published_and_gone() -> None:
    scenario = act(
        world(), DefineWorkflow(name=NAME, version="1.0.0", definition=TEXT), actor_id=OWNER
    )
    publish("", scenario=scenario)
    assert scenario.fact(WorkflowDefinitionPublished).definition == TEXT
    assert scenario.tables.get(WorkflowDefinitionDraft, f"{NAME}/1.0.0") is None


def test_without_text_and_draft_there_is_nothing_to_publish() -> None:
    publish("").refused("NOT_FOUND", "definition")


@pytest.mark.parametrize("definition", [TEXT, text(steps(only=agent_task(2)))])
def test_a_published_version_never_changes(definition: str) -> None:
    publish(definition, scenario=world().given(published(TEXT))).refused(
        "ALREADY_EXISTS", "version"
    )


def test_the_versions_of_a_definition_are_bounded() -> None:
    scenario = world().given(*(published(TEXT, version=f"0.0.{n}") for n in range(VERSIONS_MAX)))
    publish(scenario=scenario).refused("LIMIT_EXCEEDED", "version")


def test_faults_are_listed() -> None:
    scenario = publish(text(steps(a={"wait": "soon"}))).refused("INVALID_ARGUMENT", "definition")
    assert scenario.rejection is not None
    assert [finding["code"] for finding in json.loads(scenario.rejection.got)] == ["BAD_VALUE"]
    scenario.recorded()


@pytest.mark.parametrize(
    "changed",
    [
        {"skill": "ConnectSoft.Skill.Nobody"},
        {"skillVersion": "^9.0.0"},
        {"skill": f"other/{SKILL}"},
        {"skill": f"acme/{SKILL}"},
    ],
    ids=["unknown", "no such version", "another tenant's", "the own tenant's"],
)
def test_a_skill_that_nobody_published_is_a_finding_at_its_call(changed: dict[str, str]) -> None:
    definition = text(steps(good=agent_task(), bad=agent_task(**changed)))
    scenario = publish(definition).refused("INVALID_ARGUMENT", "definition")
    assert scenario.rejection is not None
    (finding,) = json.loads(scenario.rejection.got)
    assert (finding["code"], finding["path"]) == ("UNKNOWN_SKILL", "do/1/with/skill")
    assert definition.splitlines()[finding["line"] - 2].strip() == "- bad:"


def test_name_and_version_are_those_of_the_document() -> None:
    publish(version="2.0.0").refused("INVALID_ARGUMENT", "name")


def test_policy_may_forbid_it() -> None:
    forbid = (
        'forbid (principal, action == Factory::Action::"workflow-definition:publish", resource);'
    )
    scenario = world().given_system(policy("platform-frozen", f'@id("frozen")\n{forbid}'))
    publish(scenario=scenario).refused("POLICY_DENIED")
    scenario.recorded(PolicyDecisionRecorded)


def test_policy_may_ask_for_an_approval() -> None:
    forbid = (
        'forbid (principal, action == Factory::Action::"workflow-definition:publish", resource);'
    )
    text_ = f'@id("four-eyes")\n@effect("requiresApproval")\n{forbid}'
    scenario = world().given_system(policy("platform-careful", text_))
    publish(scenario=scenario).refused("APPROVAL_REQUIRED")
    scenario.recorded(PolicyDecisionRecorded, ApprovalRequested)


def test_an_approval_holds_for_the_draft_that_was_approved() -> None:
    """A draft may be written again: what was granted must not carry another text."""
    forbid = (
        'forbid (principal, action == Factory::Action::"workflow-definition:publish", resource);'
    )
    careful = f'@id("four-eyes")\n@effect("requiresApproval")\n{forbid}'
    scenario = world().given_system(policy("platform-careful", careful))
    act(scenario, DefineWorkflow(name=NAME, version="1.0.0", definition=TEXT), actor_id=OWNER)
    publish("", scenario=scenario, digest=b"d" * 32).refused("APPROVAL_REQUIRED")
    request = scenario.fact(ApprovalRequested)
    scenario.given(
        ApprovalGranted(
            approval_id=request.approval_id,
            principal_id=PrincipalId(OPERATOR),
            comment="",
            voters=(),
        )
    )
    again = {"digest": b"d" * 32, "approval_id": request.approval_id}
    other = DefineWorkflow(name=NAME, version="1.0.0", definition=text(steps(only=agent_task(2))))
    act(scenario, other, actor_id=OWNER)
    publish("", scenario=scenario, **again).refused("APPROVAL_REQUIRED")
    act(scenario, DefineWorkflow(name=NAME, version="1.0.0", definition=TEXT), actor_id=OWNER)
    publish("", scenario=scenario, **again)
    assert scenario.rejection is None
    assert scenario.fact(WorkflowDefinitionPublished).definition == TEXT


def test_who_may_not_say_how_work_is_done_is_refused() -> None:
    publish(actor_id=OPERATOR).refused("FORBIDDEN")


def test_applying_a_publication_twice_changes_nothing() -> None:
    scenario = world().given(published(TEXT), published(TEXT))
    series = scenario.tables.get(WorkflowDefinition, NAME)
    assert series is not None
    assert series.versions == ("1.0.0",)
