"""DefinePolicy: drafts, and every text that is no policy."""

import pytest

from processors.governance.state import Policy
from schemas.messages.governance.commands import DefinePolicy
from schemas.messages.governance.facts import PolicyDefined
from tests.unit.governance import given


def define(text: str = given.ALLOW) -> DefinePolicy:
    return DefinePolicy(name="own", version="1.0.0", domain="risk", mode="enforce", text=text)


def test_a_draft_is_kept_and_decides_nothing() -> None:
    scenario = given.tenant().when(define()).then(PolicyDefined)
    policy = scenario.tables.get(Policy, "own@1.0.0")
    assert policy is not None
    assert policy.status == "Draft"


def test_a_draft_may_be_written_again() -> None:
    given.tenant().given(given.defined()).when(define()).then(PolicyDefined)


def test_a_published_version_never_changes() -> None:
    given.tenant().given(given.published(given.ALLOW)).when(define()).refused(
        "ALREADY_EXISTS", "version"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("permit (principal", "Cedar does not read it"),
        ("permit (principal, action, resource);", "has an @id"),
        (
            '@id("a") permit (principal, action, resource); @id("a") forbid (principal, action, resource);',
            "twice",
        ),
        ('@id("a") @colour("red") permit (principal, action, resource);', "@colour is not known"),
        ('@id("a") @effect("maybe") forbid (principal, action, resource);', "is the only one"),
        (
            '@id("a") @effect("requiresApproval") permit (principal, action, resource);',
            "on a forbid",
        ),
        ('@id("a") @obligation("redact") forbid (principal, action, resource);', "on a permit"),
        ("// nothing", "no statement"),
        ('@id("a") permit (principal == ?principal, action, resource);', "templates"),
    ],
)
def test_what_is_no_policy_is_refused_with_the_reason(text: str, says: str) -> None:
    scenario = given.tenant().when(define(text)).refused("INVALID_ARGUMENT", "text")
    assert scenario.rejection is not None
    assert says in scenario.rejection.rule
