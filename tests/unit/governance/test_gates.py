"""The gates: what policies say together, what is recorded, and how an approval admits one command once."""

import json
from typing import Any

import pytest

from processors import governance, registry
from processors.contract import Cause, GateResult, Rejection, Scope
from processors.decision import Decision
from processors.governance.state import Approval
from schemas.ids import SYSTEM, ApprovalId, PrincipalId
from schemas.messages.governance.facts import (
    ApprovalConsumed,
    ApprovalGranted,
    ApprovalRequested,
    PolicyDecisionRecorded,
)
from tests.unit.governance import given
from tests.unit.governance.given import published
from tests.unit.scenario import Scenario, TestKeys

PERMIT = '@id("p") permit (principal in Factory::Role::"Maker", action, resource);'
FORBID = '@id("f") forbid (principal, action, resource) when { context.cost > 10 };'
ASK = '@id("a") @effect("requiresApproval") forbid (principal, action, resource) when { context.cost > 5 };'
OBLIGED = (
    '@id("o") @obligation("redact") permit (principal, action, resource) when { context.cost < 3 };'
)


def gate(scenario: Scenario, roles: tuple[str, ...] = ("Maker",), **context: Any) -> GateResult:
    return governance.gate(
        scenario.decide(), action="thing:make", resource="thing", context=context, roles=roles
    )


def ruled(*texts: str) -> Scenario:
    scenario = given.tenant()
    for number, text in enumerate(texts):
        scenario.given(published(text, f"policy-{number}"))
    return scenario


def test_no_match_is_a_denial_by_no_rule() -> None:
    result = gate(ruled(PERMIT), roles=(), cost=1)
    assert (result.effect, result.rules) == ("Deny", ())


def test_a_permit_allows_and_is_named() -> None:
    result = gate(ruled(PERMIT), cost=1)
    assert (result.effect, result.rules) == ("Allow", ("policy-0@1.0.0#p",))


@pytest.mark.parametrize(("cost", "effect"), [(1, "Allow"), (6, "RequiresApproval"), (11, "Deny")])
def test_deny_beats_approval_beats_allow(cost: int, effect: str) -> None:
    assert gate(ruled(PERMIT, FORBID, ASK), cost=cost).effect == effect


def test_an_approval_does_not_stand_in_for_a_missing_permit() -> None:
    assert gate(ruled(ASK), cost=6).effect == "Deny"


def test_an_evaluation_error_is_a_denial_that_names_it() -> None:
    scenario = ruled(PERMIT, FORBID)
    assert gate(scenario).effect == "Deny"
    assert scenario.fact(PolicyDecisionRecorded).errors


def test_an_allow_carries_its_obligations() -> None:
    assert gate(ruled(PERMIT, OBLIGED), cost=1).obligations == ("redact",)
    assert gate(ruled(PERMIT, OBLIGED), cost=4).obligations == ()


def test_what_is_allowed_after_an_approval_carries_its_obligations_too() -> None:
    scenario = ruled(OBLIGED, ASK.replace("context.cost > 5", "true"))
    result = gate(scenario, cost=1)
    assert (result.effect, result.obligations) == ("RequiresApproval", ("redact",))


def test_a_policy_reads_who_what_and_whose() -> None:
    text = (
        '@id("mine") permit (principal, action, resource) when { resource.tenant == "acme" && '
        'resource.type == "thing" && resource.id == "thing" && principal.id == "user:olga" };'
    )
    assert gate(ruled(text)).effect == "Allow"


def test_a_context_that_the_engine_cannot_hold_is_denied_with_its_reason() -> None:
    scenario = ruled(PERMIT)
    assert gate(scenario, cost=2**70).effect == "Deny"
    assert scenario.fact(PolicyDecisionRecorded).errors


def test_errors_name_the_rule_and_are_bounded() -> None:
    text = "".join(
        f'@id("e{n}") permit (principal, action, resource) when {{ context.missing == {n} }};'
        for n in range(20)
    )
    scenario = ruled(text)
    gate(scenario)
    errors = scenario.fact(PolicyDecisionRecorded).errors
    assert len(errors) == 8
    assert all(error.startswith("error in policy-0@1.0.0#e") for error in errors)


def test_a_watched_policy_is_recorded_and_not_enforced() -> None:
    scenario = given.tenant().given(published(PERMIT), published(FORBID, "watched", mode="shadow"))
    assert gate(scenario, cost=11).effect == "Allow"
    fact = scenario.fact(PolicyDecisionRecorded)
    assert (fact.shadow_effect, fact.shadow_rules) == ("Deny", ("watched@1.0.0#f",))


def test_a_tenants_policy_restricts_what_the_platform_permits() -> None:
    scenario = given.tenant().given_system(published(PERMIT, "platform")).given(published(FORBID))
    assert [gate(scenario, cost=cost).effect for cost in (1, 11)] == ["Allow", "Deny"]


def test_the_record_names_all_that_was_read() -> None:
    scenario = ruled(PERMIT)
    gate(scenario, cost=1)
    fact = scenario.fact(PolicyDecisionRecorded)
    assert (fact.action, fact.resource, fact.principal_id) == ("thing:make", "thing", given.OLGA)
    assert json.loads(fact.context) == {"cost": 1, "tenant": "acme"}
    assert (fact.roles, fact.bundle_version) == (("Maker",), "0.1")
    assert len(fact.bundle_hash) == len(fact.context_digest) == 64


def test_the_engine_asks_for_another_principal_as_itself() -> None:
    scenario = ruled(PERMIT)
    decision = scenario.decide()
    governance.gate(
        decision,
        action="a:b",
        resource="r",
        context={},
        principal_id=PrincipalId("user:x"),
        roles=(),
    )
    recorded = decision.recorded[0]
    assert (recorded.meta.actor_type, recorded.meta.actor_id) == ("system", "factory")
    assert recorded.fact.principal_id == "user:x"  # type: ignore[attr-defined]


def command(scenario: Scenario) -> Rejection | None:
    assert scenario.decision is not None
    return governance.gate_command(
        scenario.decision,
        action="thing:make",
        resource="thing",
        context={"cost": 6},
        roles=("Maker",),
    )


def asking(digest: bytes = given.DIGEST, approval: ApprovalId | None = None) -> Scenario:
    """Give a scenario whose decision is about a command of that digest that names an approval."""
    scenario = ruled(PERMIT, ASK)
    again(scenario, digest, approval)
    return scenario


def again(scenario: Scenario, digest: bytes, approval: ApprovalId | None) -> None:
    number = next(scenario._numbers)
    cause = Cause(
        f"cmd-{number}", "MakeThing", "cp.commands.v1", 0, number, scenario.tenant_id, "user", given.OLGA,
        scenario.at, digest, Scope("0" * 32, "corr-1"), approval,
    )  # fmt: skip
    scenario.decision = Decision(
        cause, scenario.overlay, TestKeys(), registry.apply, first_sequence=number
    )


def granted(scenario: Scenario, digest: bytes = given.DIGEST, **changes: Any) -> None:
    asked = {"action": "thing:make", "resource": "thing", "approver_role": "TenantOwner"}
    scenario.given(
        given.requested(subject_digest=digest, **{**asked, **changes}),
        ApprovalGranted(
            approval_id=given.APPROVAL, principal_id=given.SAM, comment="", voters=(given.SAM,)
        ),
    )


def test_a_command_that_needs_approval_is_refused_with_a_request_for_its_digest() -> None:
    scenario = asking()
    refused = command(scenario)
    assert refused is not None
    assert (refused.code, refused.retryable) == ("APPROVAL_REQUIRED", True)
    request = scenario.fact(ApprovalRequested)
    assert (request.subject_digest, refused.got) == (given.DIGEST, request.approval_id)


def test_the_granted_approval_admits_the_very_command_once() -> None:
    scenario = asking()
    granted(scenario)
    again(scenario, given.DIGEST, given.APPROVAL)
    assert command(scenario) is None
    assert scenario.fact(ApprovalConsumed).approval_id == given.APPROVAL
    again(scenario, given.DIGEST, given.APPROVAL)
    refused = command(scenario)
    assert refused is not None
    assert refused.code == "APPROVAL_REQUIRED"


def test_an_approval_of_another_command_admits_nothing() -> None:
    scenario = asking()
    granted(scenario, bytes(32))
    again(scenario, given.DIGEST, given.APPROVAL)
    refused = command(scenario)
    assert refused is not None
    assert refused.code == "APPROVAL_REQUIRED"
    approval = scenario.tables.get(Approval, given.APPROVAL)
    assert approval is not None
    assert approval.status == "Granted"


@pytest.mark.parametrize(
    "changes",
    [
        {"four_eyes": False},
        {"approver_role": "FactoryOperator"},
        {"action": "thing:look"},
        {"resource": "thing-2"},
    ],
)
def test_a_grant_that_the_gate_would_not_have_asked_for_admits_nothing(
    changes: dict[str, Any],
) -> None:
    """Who holds approval:request could else let himself approve what policy wants another to approve."""
    scenario = asking()
    granted(scenario, **changes)
    again(scenario, given.DIGEST, given.APPROVAL)
    refused = command(scenario)
    assert refused is not None
    assert refused.code == "APPROVAL_REQUIRED"


def test_a_pending_approval_admits_nothing() -> None:
    scenario = asking()
    scenario.given(given.requested())
    again(scenario, given.DIGEST, given.APPROVAL)
    assert command(scenario) is not None


def test_the_platforms_own_commands_are_approved_by_the_platform() -> None:
    scenario = Scenario(tenant=SYSTEM, actor=given.OLGA)
    scenario.given(published(PERMIT, "p-1"), published(ASK, "p-2"))
    scenario.decide()
    assert command(scenario) is not None
    assert scenario.fact(ApprovalRequested).approver_role == "PlatformAdmin"


def test_the_first_policy_can_be_published_by_the_baseline() -> None:
    scenario = Scenario(tenant=SYSTEM, actor=given.OLGA)
    result = governance.gate(
        scenario.decide(),
        action="policy:publish",
        resource="p",
        context={},
        roles=("PlatformAdmin",),
    )
    assert (result.effect, result.rules) == (
        "Allow",
        ("baseline@1.0.0#platform-admin-keeps-the-catalogue",),
    )
