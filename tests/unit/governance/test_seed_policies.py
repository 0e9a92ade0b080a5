"""The seed policies: each rule says what it is for, and what no rule permits is denied."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from processors import governance
from processors.governance.cedar import statements
from schemas.messages.governance.facts import PolicyDecisionRecorded
from tests.unit.governance import given
from tests.unit.governance.given import published
from tests.unit.scenario import Scenario

POLICIES = Path(__file__).resolve().parents[3] / "definitions" / "policies"


def seeds() -> list[dict[str, str]]:
    return [yaml.safe_load(path.read_text()) for path in sorted(POLICIES.glob("*.yaml"))]


def seeded() -> Scenario:
    scenario = given.tenant()
    for seed in seeds():
        mode: Any = seed["mode"]
        scenario.given_system(published(seed["text"], seed["name"], seed["version"], mode))
    return scenario


BUDGET = {
    "action": "quota:override",
    "dimension": "cost.amount",
    "limit": 500_000_000_000,
    "hard": True,
}
ASSIGN = {"action": "agent-task:assign", "cost": 1, "classificationCeiling": "Internal"}


SEED_CASES: list[tuple[str, str, dict[str, Any], str]] = [
    ("workflows-are-started-by", "TenantOwner", {"action": "workflow:start"}, "Allow"),
    ("operators-run-workflows", "FactoryOperator", {"action": "workflow-step:skip"}, "Allow"),
    ("architects-and-product-owners", "ProductOwner", ASSIGN, "Allow"),
    ("platform-administrators", "PlatformAdmin", {"action": "workflow:start"}, "Allow"),
    ("owners-publish-assets", "TenantOwner", {"action": "skill:publish"}, "Allow"),
    (
        "architects-publish",
        "SolutionArchitect",
        {"action": "workflow-definition:publish"},
        "Allow",
    ),
    ("owners-grant-roles", "TenantOwner", {"action": "role:grant", "role": "Viewer"}, "Allow"),
    (
        "a-further-owner",
        "TenantOwner",
        {"action": "role:grant", "role": "TenantOwner"},
        "RequiresApproval",
    ),
    ("over-50", "TenantOwner", {**ASSIGN, "cost": 50_000_001}, "RequiresApproval"),
    (
        "restricted-data",
        "TenantOwner",
        {**ASSIGN, "classificationCeiling": "Restricted"},
        "Deny",
    ),
    (
        "a-budget-over-500000",
        "PlatformAdmin",
        {**BUDGET, "limit": 500_000_000_001},
        "RequiresApproval",
    ),
    ("a-budget-that-only-warns", "TenantOwner", {**BUDGET, "hard": False}, "RequiresApproval"),
    ("owners-grant-roles", "TenantOwner", BUDGET, "Allow"),
    ("owners-grant-roles", "TenantOwner", {"action": "workflow-step:skip"}, "Allow"),
    ("platform-administrators", "PlatformAdmin", {"action": "price-list:publish"}, "Allow"),
    ("platform-administrators", "PlatformAdmin", {"action": "edition:publish"}, "Allow"),
    ("", "Viewer", {"action": "workflow:start"}, "Deny"),
    ("", "Viewer", ASSIGN, "Deny"),
    ("", "FactoryOperator", {"action": "role:grant", "role": "Viewer"}, "Deny"),
    ("", "FactoryOperator", BUDGET, "Deny"),
    ("", "ProductOwner", {"action": "workflow-step:skip"}, "Deny"),
    ("", "SolutionArchitect", {"action": "policy:publish"}, "Deny"),
    ("", "SolutionArchitect", {"action": "model-policy:publish"}, "Deny"),
    ("", "TenantOwner", {"action": "edition:publish"}, "Deny"),
    ("", "ProductOwner", {"action": "role:grant", "role": "TenantOwner"}, "Deny"),
]
"""Part of the rule that determines it, the role that asks, the action with its context, the answer."""


@pytest.mark.parametrize(("rule", "role", "asked", "effect"), SEED_CASES)
def test_each_rule_of_the_seed_policies_says_what_it_is_for(
    rule: str, role: str, asked: dict[str, Any], effect: str
) -> None:
    scenario = seeded()
    context = {key: value for key, value in asked.items() if key != "action"}
    result = governance.gate(
        scenario.decide(), action=asked["action"], resource="r", context=context, roles=(role,)
    )
    assert result.effect == effect
    assert any(rule in named for named in result.rules) or not rule


def test_no_enforced_seed_rule_is_without_a_case() -> None:
    ids = [
        statement.annotations["id"]
        for seed in seeds()
        if seed["mode"] == "enforce"
        for statement in statements(seed["text"])
    ]
    untested = [i for i in ids if not any(rule and rule in i for rule, *_ in SEED_CASES)]
    assert ids
    assert untested == []


def test_the_seeds_watch_costly_tasks_without_stopping_them() -> None:
    scenario = seeded()
    context: dict[str, str | int | bool] = {"cost": 10_000_001, "classificationCeiling": "Internal"}
    result = governance.gate(
        scenario.decide(),
        action="agent-task:assign",
        resource="r",
        context=context,
        roles=("TenantOwner",),
    )
    fact = scenario.fact(PolicyDecisionRecorded)
    assert (result.effect, fact.shadow_effect) == ("Allow", "RequiresApproval")
    assert fact.shadow_rules == (
        "platform-cost-watch@1.0.0#a-task-that-may-cost-over-10-would-be-approved",
    )
