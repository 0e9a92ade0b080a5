"""Cedar, the policy engine: the only place that knows it. Everything here is a pure function of its arguments.

Answers are remembered by all that the evaluation reads (bundles, principal, roles, action, resource, context), so a
remembered answer is the answer. A bundle is parsed once for each content.
"""

import json
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

import cedarpy

from processors.governance.state import BundledPolicy

Effect = Literal["Allow", "Deny", "RequiresApproval"]
Context = tuple[tuple[str, str | int | bool], ...]

ANNOTATIONS: Final = frozenset({"id", "effect", "obligation"})
APPROVAL: Final = "requiresApproval"
BUNDLES_REMEMBERED: Final = 256
ANSWERS_REMEMBERED: Final = 20_000


class Rule(NamedTuple):
    """One Cedar policy of a bundle."""

    id: str
    """policy@version#id."""
    is_permit: bool
    asks_approval: bool
    obligation: str | None
    is_enforced: bool


class Request(NamedTuple):
    """What is asked: hashable, so that the answer can be remembered."""

    principal: str
    roles: tuple[str, ...]
    action: str
    resource: str
    context: Context


class Answer(NamedTuple):
    """What a set of policies says."""

    effect: Effect
    rules: tuple[str, ...]
    obligations: tuple[str, ...]
    errors: tuple[str, ...]


class Verdict(NamedTuple):
    """What the enforced policies say, and what they would say with the watched ones; None where none is watched."""

    enforced: Answer
    shadow: Answer | None


class _Set(NamedTuple):
    """Parsed policies with their rules by Cedar's own index (policy0, policy1 …)."""

    policies: cedarpy.PolicySet
    rules: tuple[Rule, ...]


class _Compiled(NamedTuple):
    enforced: _Set
    enforced_without_approvals: _Set
    watched: _Set | None
    watched_without_approvals: _Set | None


class PolicyTextError(ValueError):
    """A policy text that cannot be published; the message is one sentence."""


def statements(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Give (effect, annotations, source) of each statement of a text. Raises PolicyTextError."""
    try:
        document = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as error:
        raise PolicyTextError(f"Cedar does not read it: {error}") from error
    if document.get("templates"):
        raise PolicyTextError("templates are not used: write the policy out")
    policies: dict[str, dict[str, Any]] = document["staticPolicies"]
    return [_statement(policies[name]) for name in sorted(policies, key=_place)]


def _place(name: str) -> int:
    """Give the place in the text of Cedar's policy0, policy1, … policy10."""
    return int(name.removeprefix("policy"))


def _statement(policy: dict[str, Any]) -> tuple[str, dict[str, str], str]:
    alone = {"staticPolicies": {"p": policy}, "templates": {}, "templateLinks": []}
    annotations = {key: value or "" for key, value in policy.get("annotations", {}).items()}
    return policy["effect"], annotations, cedarpy.policies_from_json_str(json.dumps(alone))


def check_text(text: str) -> None:
    """Raise PolicyTextError for a text that may not be published."""
    seen: set[str] = set()
    for effect, annotations, _source in statements(text):
        rule_id = annotations.get("id", "")
        if not rule_id:
            raise PolicyTextError("every statement has an @id")
        if rule_id in seen:
            raise PolicyTextError(f"@id {rule_id!r} stands twice")
        seen.add(rule_id)
        unknown = sorted(annotations.keys() - ANNOTATIONS)
        if unknown:
            raise PolicyTextError(
                f"annotation @{unknown[0]} is not known: {', '.join(sorted(ANNOTATIONS))}"
            )
        if "effect" in annotations and (effect != "forbid" or annotations["effect"] != APPROVAL):
            raise PolicyTextError(f'@effect("{APPROVAL}") stands on a forbid and is the only one')
        if "obligation" in annotations and effect != "permit":
            raise PolicyTextError("@obligation stands on a permit")
    if not seen:
        raise PolicyTextError("there is no statement in it")


@lru_cache(maxsize=BUNDLES_REMEMBERED)
def _compiled(policies: tuple[BundledPolicy, ...]) -> _Compiled:
    rules: list[tuple[Rule, str]] = []
    for policy in policies:
        for effect, annotations, source in statements(policy.text):
            rule = Rule(
                id=f"{policy.name}@{policy.version}#{annotations.get('id', '')}",
                is_permit=effect == "permit",
                asks_approval=annotations.get("effect") == APPROVAL,
                obligation=annotations.get("obligation"),
                is_enforced=policy.mode == "enforce",
            )
            rules.append((rule, source))
    enforced = [r for r in rules if r[0].is_enforced]
    is_watching = len(enforced) < len(rules)
    return _Compiled(
        _set(enforced),
        _set([r for r in enforced if not r[0].asks_approval]),
        _set(rules) if is_watching else None,
        _set([r for r in rules if not r[0].asks_approval]) if is_watching else None,
    )


def _set(rules: list[tuple[Rule, str]]) -> _Set:
    text = "\n".join(source for _rule, source in rules)
    return _Set(cedarpy.PolicySet.from_str(text), tuple(rule for rule, _source in rules))


@lru_cache(maxsize=ANSWERS_REMEMBERED)
def evaluate(policies: tuple[BundledPolicy, ...], request: Request) -> Verdict:
    """Give what the policies say. Deny beats RequiresApproval beats Allow; no match or an error is Deny."""
    compiled = _compiled(policies)
    enforced = _answer(compiled.enforced, compiled.enforced_without_approvals, request)
    if compiled.watched is None or compiled.watched_without_approvals is None:
        return Verdict(enforced, None)
    return Verdict(enforced, _answer(compiled.watched, compiled.watched_without_approvals, request))


def _answer(whole: _Set, without_approvals: _Set, request: Request) -> Answer:
    allowed, rules, errors = _ask(whole, request)
    ids = tuple(sorted(rule.id for rule in rules))
    if errors:
        return Answer("Deny", ids, (), errors)
    if allowed:
        obligations = tuple(sorted({rule.obligation for rule in rules if rule.obligation}))
        return Answer("Allow", ids, obligations, ())
    if rules and all(rule.asks_approval for rule in rules):
        # The approval stands in for what forbids, never for a permit that is missing.
        permitted, _rules, _errors = _ask(without_approvals, request)
        return Answer("RequiresApproval", ids, (), ()) if permitted else Answer("Deny", (), (), ())
    return Answer("Deny", tuple(sorted(r.id for r in rules if not r.asks_approval)), (), ())


def _ask(policies: _Set, request: Request) -> tuple[bool, list[Rule], tuple[str, ...]]:
    result = cedarpy.is_authorized(
        {
            "principal": {"type": "Factory::Principal", "id": request.principal},
            "action": {"type": "Factory::Action", "id": request.action},
            "resource": {"type": "Factory::Resource", "id": request.resource},
            "context": dict(request.context),
        },
        policies.policies,
        _principal(request.principal, request.roles),
    )
    reasons = [policies.rules[int(r.removeprefix("policy"))] for r in result.diagnostics.reasons]
    return result.allowed, reasons, tuple(str(error) for error in result.diagnostics.errors)


@lru_cache(maxsize=ANSWERS_REMEMBERED)
def _principal(principal: str, roles: tuple[str, ...]) -> cedarpy.Entities:
    entity = {
        "uid": {"type": "Factory::Principal", "id": principal},
        "attrs": {},
        "parents": [{"type": "Factory::Role", "id": role} for role in roles],
    }
    return cedarpy.Entities.from_json_str(json.dumps([entity]))
