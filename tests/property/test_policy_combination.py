"""What policies say together, against a model of ten lines; and texts that nobody wrote on purpose."""

from collections.abc import Callable
from typing import NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from processors.governance.bounds import PolicyTextError
from processors.governance.cedar import Answer, Request, check_text, evaluate
from processors.governance.state import BundledPolicy

ROLES = ("Maker", "Owner")
CONDITIONS: dict[str, Callable[[int], bool | None]] = {
    "true": lambda _n: True,
    "context.n > 5": lambda n: n > 5,
    "context.n < 3": lambda n: n < 3,
    "context.missing == 1": lambda _n: None,
}
"""Cedar text -> what it says of n; None is an evaluation error."""


class Rule(NamedTuple):
    """One statement as the model sees it."""

    kind: str
    role: str | None
    condition: str
    obligation: str | None
    is_enforced: bool


def rules() -> st.SearchStrategy[list[Rule]]:
    rule = st.builds(
        Rule,
        kind=st.sampled_from(["permit", "permit", "forbid", "approval"]),
        role=st.sampled_from([None, *ROLES]),
        condition=st.sampled_from([*CONDITIONS, "true", "context.n > 5"]),
        obligation=st.sampled_from([None, "redact", "review"]),
        is_enforced=st.sampled_from([True, True, False]),
    )
    return st.lists(rule, max_size=7)


def source(number: int, rule: Rule) -> str:
    effect = '@effect("requiresApproval")' if rule.kind == "approval" else ""
    obliged = rule.obligation if rule.kind == "permit" else None
    obligation = f'@obligation("{obliged}")' if obliged else ""
    head = "permit" if rule.kind == "permit" else "forbid"
    role = f' in Factory::Role::"{rule.role}"' if rule.role else ""
    return (
        f'@id("r{number}") {effect} {obligation} {head} (principal{role}, action, resource) '
        f"when {{ {rule.condition} }};"
    )


def bundle(chosen: list[Rule]) -> tuple[BundledPolicy, ...]:
    return tuple(
        BundledPolicy(
            name=f"p{number}",
            version="1.0.0",
            mode="enforce" if rule.is_enforced else "shadow",
            text=source(number, rule),
        )
        for number, rule in enumerate(chosen)
    )


def modelled(chosen: list[tuple[int, Rule]], roles: tuple[str, ...], n: int) -> Answer:
    """Deny beats RequiresApproval beats Allow; no match and any error are Deny."""
    said = [
        (f"p{number}@1.0.0#r{number}", rule, CONDITIONS[rule.condition](n))
        for number, rule in chosen
        if rule.role is None or rule.role in roles
    ]

    def matching(kind: str) -> list[tuple[str, Rule]]:
        return [(name, rule) for name, rule, holds in said if holds and rule.kind == kind]

    forbids, asks, permits = matching("forbid"), matching("approval"), matching("permit")
    names = {kind: tuple(sorted(name for name, _ in found)) for kind, found in
             {"forbid": forbids, "ask": asks, "permit": permits}.items()}  # fmt: skip
    obligations = tuple(sorted({rule.obligation for _, rule in permits if rule.obligation}))
    if any(holds is None for _, _, holds in said):
        return Answer("Deny", (), (), ("error",))
    if forbids or not permits:
        return Answer("Deny", names["forbid"], (), ())
    if asks:
        return Answer("RequiresApproval", names["ask"], obligations, ())
    return Answer("Allow", names["permit"], obligations, ())


def asked(roles: tuple[str, ...], n: int) -> Request:
    return Request("acme", "user:x", roles, "thing:make", "thing", (("n", n), ("tenant", "acme")))


def same(got: Answer, wanted: Answer) -> None:
    if wanted.errors:
        assert (got.effect, bool(got.errors), got.obligations) == ("Deny", True, ())
    else:
        assert got == wanted


@given(rules(), st.sets(st.sampled_from(ROLES)), st.integers(0, 9))
@settings(max_examples=400, deadline=None)
def test_policies_together_say_what_the_model_says(
    chosen: list[Rule], held: set[str], n: int
) -> None:
    roles = tuple(sorted(held))
    verdict = evaluate(bundle(chosen), asked(roles, n))
    numbered = list(enumerate(chosen))
    same(verdict.enforced, modelled([r for r in numbered if r[1].is_enforced], roles, n))
    if all(rule.is_enforced for rule in chosen):
        assert verdict.shadow is None
    else:
        assert verdict.shadow is not None
        same(verdict.shadow, modelled(numbered, roles, n))


@given(st.data(), rules(), st.integers(0, 9))
@settings(max_examples=100, deadline=None)
def test_the_order_of_policies_says_nothing(
    data: st.DataObject, chosen: list[Rule], n: int
) -> None:
    policies = bundle(chosen)
    other = tuple(data.draw(st.permutations(policies)))
    request = asked(("Maker",), n)
    assert evaluate(policies, request) == evaluate(other, request)


@given(rules(), st.integers(0, 9))
@settings(max_examples=100, deadline=None)
def test_a_further_forbid_never_allows_more(chosen: list[Rule], n: int) -> None:
    order = ["Deny", "RequiresApproval", "Allow"]
    more = [*chosen, Rule("forbid", None, "context.n > 5", None, is_enforced=True)]
    before = evaluate(bundle(chosen), asked(ROLES, n)).enforced.effect
    after = evaluate(bundle(more), asked(ROLES, n)).enforced.effect
    assert order.index(after) <= order.index(before)


TOKENS = (
    "permit", "forbid", "(", ")", "{", "}", "[", "]", "when", "unless", "principal", "action",
    "resource", "context", ".", ",", ";", "==", "in", "has", "like", "is", "if", "then", "else",
    "&&", "||", "!", "-", "+", "1", '"x"', '"', "\\", "//", "\n", "\r", "true", '@id("a")', '@id("b")', "@effect",
    '("requiresApproval")', "?principal", "Factory::Role::", "\u00e9", "\x00", "9" * 30,
    "permit (principal, action, resource)", "when { context.n > 5 }",
)  # fmt: skip
"""What policies are made of, and what they are not."""


@given(st.lists(st.sampled_from(TOKENS), max_size=60).map(" ".join))
@example('@id("a") permit (principal, action, resource) when { context.n > 5 };')
@example("(" * 60_000)
@example('@id("a") permit (principal, action, resource) when { "\\u{0}" == context.n };')
@settings(max_examples=1_500, deadline=None)
def test_any_text_is_refused_or_decides(text: str) -> None:
    try:
        check_text(text)
    except PolicyTextError:
        return
    policy = BundledPolicy(name="p", version="1.0.0", mode="enforce", text=text)
    assert evaluate((policy,), asked(ROLES, 7)).enforced.effect in (
        "Allow",
        "Deny",
        "RequiresApproval",
    )
