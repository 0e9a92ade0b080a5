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
        ('@id("a b") permit (principal, action, resource);', "@id is up to 128"),
        (f'@id("{"a" * 129}") permit (principal, action, resource);', "@id is up to 128"),
        ('@id("a") @obligation permit (principal, action, resource);', "@obligation is up to"),
        (
            "".join(f'@id("a{n}") permit (principal, action, resource);' for n in range(65)),
            "at most 64 statements",
        ),
    ],
)
def test_what_is_no_policy_is_refused_with_the_reason(text: str, says: str) -> None:
    scenario = given.tenant().when(define(text)).refused("INVALID_ARGUMENT", "text")
    assert scenario.rejection is not None
    assert says in scenario.rejection.rule


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("(" * 20_000 + "true" + ")" * 20_000, "nested deeper than 32"),
        ("[" * 5_000 + "1" + "]" * 5_000 + " == 1", "nested deeper than 32"),
        ("{a: " * 5_000 + "1" + "}" * 5_000 + " == 1", "nested deeper than 32"),
        ("if true then " * 3_000 + "true" + " else false" * 3_000, "more than 256 operators"),
        ("true && " * 5_000 + "true", "more than 256 operators"),
        ("true && " * 200 + "true", "nested too deep"),
        ("context" + ".a" * 120, "nested too deep"),
        ('"(" == ' + "(" * 40 + "1" + ")" * 40, "nested deeper than 32"),
    ],
)
def test_a_text_that_would_end_the_parser_is_refused(condition: str, says: str) -> None:
    """Cedar's parser recurses: without a bound before it these end the process."""
    text = f'@id("a") permit (principal, action, resource) when {{ {condition} }};'
    scenario = given.tenant().when(define(text)).refused("INVALID_ARGUMENT", "text")
    assert scenario.rejection is not None
    assert says in scenario.rejection.rule


def test_brackets_in_strings_and_comments_do_not_nest() -> None:
    text = (
        f"// {'(' * 100}\n"
        f'@id("a") permit (principal, action, resource) when {{ context.a == "{"(" * 100}\\"{"[" * 100}" }};'
    )
    given.tenant().when(define(text)).then(PolicyDefined)


def test_operators_are_counted_for_each_statement_alone() -> None:
    statement = '@id("a{n}") permit (principal, action, resource) when {{ ' + "true && " * 30
    text = "".join(statement.format(n=n) + "true };" for n in range(20))
    given.tenant().when(define(text)).then(PolicyDefined)
