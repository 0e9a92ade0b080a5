"""A command's name leads to its code: registry, schemas, topics and file names agree (style.md §4.1)."""

from pathlib import Path

from processors import registry
from processors.identity.roles import ROLES
from schemas.naming import snake
from tests.architecture.source import ROOT
from tests.released import released
from topics.catalogue import BROADCASTS, TOPICS

ENGINE_COMMANDS = {"FireTimer"}
"""Commands that the runtime itself decides; they belong to no context."""


def test_every_command_schema_has_a_rule_and_the_reverse() -> None:
    schemas = set(released("command")) - ENGINE_COMMANDS
    assert schemas == set(registry.rules_by_name())


def test_every_command_lives_in_a_file_of_its_name() -> None:
    missing = [
        name
        for name, entry in released("command").items()
        if name not in ENGINE_COMMANDS
        and not (ROOT / "processors" / entry.context / f"{snake(name)}.py").is_file()
    ]
    assert missing == []


def test_every_command_file_says_what_it_produces_and_refuses() -> None:
    wrong = []
    for name, entry in released("command").items():
        if name in ENGINE_COMMANDS:
            continue
        path = Path(ROOT / "processors" / entry.context / f"{snake(name)}.py")
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        wrong += [
            f"{path.name}: {word}" for word in ("Produces", "Refuses", "Source") if word not in text
        ]
    assert wrong == []


def test_every_command_may_come_in_by_some_input_topic() -> None:
    admitted = {name for topic in TOPICS for name in topic.admits} - BROADCASTS
    assert set(released("command")) == admitted


def test_every_fact_is_evolved_or_known_to_change_no_state() -> None:
    followed = {fact.__name__ for fact in registry.evolvers()}
    stateless = {"CommandRejected"}
    unfollowed = set(released("fact")) - followed - stateless
    assert unfollowed <= RECORD_ONLY


RECORD_ONLY = {
    "PolicyDecisionRecorded",
    "ArtifactCreated",
    "AgentTaskProgressed",
    "StaleResultRecorded",
    "ModelPolicyBreached",
    "QuotaOverrun",
}
"""Facts that are a record and change no table; each other fact must have an evolver."""


def test_every_permission_is_held_by_some_role() -> None:
    held = {permission for permissions in ROLES.values() for permission in permissions}
    needed = {rule.permission for rule in registry.commands().values()} - {""}
    assert needed <= held
