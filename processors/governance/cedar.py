"""Cedar, the policy engine: the only place that knows it. Everything here is a pure function of its arguments.

Answers are remembered by all that the evaluation reads (bundles, principal, roles, action, resource, context), so a
remembered answer is the answer. A bundle is parsed once for each content.
"""

import json
import re
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

import cedarpy

from processors.governance.bounds import PolicyTextError, check_nesting
from processors.governance.state import BundledPolicy

Effect = Literal["Allow", "Deny", "RequiresApproval"]
Context = tuple[tuple[str, str | int | bool], ...]

STATEMENTS_MAX: Final = 64
"""Most statements of one text."""
ERRORS_MAX: Final = 8
"""Most evaluation errors that an answer names: one is enough to deny."""
ERROR_CHARACTERS_MAX: Final = 300
ANNOTATIONS: Final = frozenset({"id", "effect", "obligation"})
APPROVAL: Final = "requiresApproval"
BUNDLES_REMEMBERED: Final = 1024
ANSWERS_REMEMBERED: Final = 20_000

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_POLICY: Final = re.compile(r"\Aerror while evaluating policy `policy(\d+)`")


class Rule(NamedTuple):
    """One Cedar policy of a bundle."""

    id: str
    """policy@version#id."""
    is_permit: bool
    asks_approval: bool
    obligation: str | None
    is_enforced: bool


class Request(NamedTuple):
    """What is asked: hashable, so that the answer can be remembered.

    Cedar sees ``Factory::Principal`` (attribute id; its roles are its parents), ``Factory::Action``, and
    ``Factory::Resource`` (attributes tenant, id, and type: the action's part before the colon).
    """

    tenant: str
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


class Statement(NamedTuple):
    """One statement of a text: permit or forbid, its annotations, its source as Cedar writes it."""

    effect: str
    annotations: dict[str, str]
    source: str


class _Set(NamedTuple):
    """Parsed policies with their rules by Cedar's own index (policy0, policy1 …)."""

    policies: cedarpy.PolicySet
    rules: tuple[Rule, ...]


class _Compiled(NamedTuple):
    enforced: _Set
    enforced_without_approvals: _Set
    watched: _Set | None
    watched_without_approvals: _Set | None


def statements(text: str) -> list[Statement]:
    """Give each statement of a text, in its order. Raises PolicyTextError."""
    check_nesting(text)
    try:
        document = json.loads(cedarpy.policies_to_json_str(text))
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:ERROR_CHARACTERS_MAX]
        raise PolicyTextError(f"Cedar does not read it: {reason}") from error
    if document.get("templates"):
        raise PolicyTextError("templates are not used: write the policy out")
    policies: dict[str, dict[str, Any]] = document["staticPolicies"]
    return [_statement(policies[name]) for name in sorted(policies, key=_place)]


def _place(name: str) -> int:
    """Give the place in the text of Cedar's policy0, policy1, … policy10."""
    return int(name.removeprefix("policy"))


def _statement(policy: dict[str, Any]) -> Statement:
    alone = {"staticPolicies": {"p": policy}, "templates": {}, "templateLinks": []}
    annotations = {key: value or "" for key, value in policy.get("annotations", {}).items()}
    try:
        source = cedarpy.policies_from_json_str(json.dumps(alone))
    except (ValueError, RecursionError) as error:
        raise PolicyTextError("an expression is nested too deep: split the statement") from error
    return Statement(policy["effect"], annotations, source)


def check_text(text: str) -> None:
    """Raise PolicyTextError for a text that may not be published."""
    found = statements(text)
    if not found:
        raise PolicyTextError("there is no statement in it")
    if len(found) > STATEMENTS_MAX:
        raise PolicyTextError(f"a policy has at most {STATEMENTS_MAX} statements")
    seen: set[str] = set()
    for statement in found:
        _check_annotations(statement)
        rule_id = statement.annotations["id"]
        if rule_id in seen:
            raise PolicyTextError(f"@id {rule_id!r} stands twice")
        seen.add(rule_id)
    # What is published is put together anew for evaluation: it must be read then as well.
    cedarpy.PolicySet.from_str("\n".join(statement.source for statement in found))


def _check_annotations(statement: Statement) -> None:
    annotations = statement.annotations
    if not annotations.get("id"):
        raise PolicyTextError("every statement has an @id")
    unknown = sorted(annotations.keys() - ANNOTATIONS)
    if unknown:
        known = ", ".join(sorted(ANNOTATIONS))
        raise PolicyTextError(f"annotation @{unknown[0][:64]} is not known: {known}")
    for key in ("id", "obligation"):
        if key in annotations and not _NAME.fullmatch(annotations[key]):
            raise PolicyTextError(
                f"@{key} is up to 128 letters, digits and . _ : -, got {annotations[key][:64]!r}"
            )
    if annotations.get("effect", APPROVAL) != APPROVAL or (
        "effect" in annotations and statement.effect != "forbid"
    ):
        raise PolicyTextError(f'@effect("{APPROVAL}") stands on a forbid and is the only one')
    if "obligation" in annotations and statement.effect != "permit":
        raise PolicyTextError("@obligation stands on a permit")


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
    compiled, entities = _compiled(policies), _entities(request)
    enforced = _answer(compiled.enforced, compiled.enforced_without_approvals, request, entities)
    if compiled.watched is None or compiled.watched_without_approvals is None:
        return Verdict(enforced, None)
    watched = _answer(compiled.watched, compiled.watched_without_approvals, request, entities)
    return Verdict(enforced, watched)


def _answer(
    whole: _Set, without_approvals: _Set, request: Request, entities: cedarpy.Entities
) -> Answer:
    allowed, rules, errors = _ask(whole, request, entities)
    ids = tuple(sorted(rule.id for rule in rules))
    if errors:
        return Answer("Deny", ids, (), errors)
    if allowed:
        return Answer("Allow", ids, _obligations(rules), ())
    if rules and all(rule.asks_approval for rule in rules):
        # The approval stands in for what forbids, never for a permit that is missing. What the permits demand is
        # demanded of what was approved too.
        permitted, permits, _errors = _ask(without_approvals, request, entities)
        if permitted:
            return Answer("RequiresApproval", ids, _obligations(permits), ())
        return Answer("Deny", (), (), ())
    return Answer("Deny", tuple(sorted(r.id for r in rules if not r.asks_approval)), (), ())


def _obligations(permits: list[Rule]) -> tuple[str, ...]:
    return tuple(sorted({rule.obligation for rule in permits if rule.obligation}))


def _ask(
    policies: _Set, request: Request, entities: cedarpy.Entities
) -> tuple[bool, list[Rule], tuple[str, ...]]:
    result = cedarpy.is_authorized(
        {
            "principal": {"type": "Factory::Principal", "id": request.principal},
            "action": {"type": "Factory::Action", "id": request.action},
            "resource": {"type": "Factory::Resource", "id": request.resource},
            "context": dict(request.context),
        },
        policies.policies,
        entities,
    )
    reasons = [policies.rules[_place(name)] for name in result.diagnostics.reasons]
    errors = sorted(_named(policies, str(error)) for error in result.diagnostics.errors)
    return result.allowed, reasons, tuple(errors[:ERRORS_MAX])


def _named(policies: _Set, error: str) -> str:
    """Give Cedar's sentence with our name of the statement in place of Cedar's ``policy<n>``."""
    named = _POLICY.sub(lambda found: f"error in {policies.rules[int(found[1])].id}", error)
    return named[:ERROR_CHARACTERS_MAX]


def _entities(request: Request) -> cedarpy.Entities:
    principal = {
        "uid": {"type": "Factory::Principal", "id": request.principal},
        "attrs": {"id": request.principal},
        "parents": [{"type": "Factory::Role", "id": role} for role in request.roles],
    }
    resource = {
        "uid": {"type": "Factory::Resource", "id": request.resource},
        "attrs": {
            "tenant": request.tenant,
            "type": request.action.partition(":")[0],
            "id": request.resource,
        },
        "parents": [],
    }
    return cedarpy.Entities.from_json_str(json.dumps([principal, resource]))
