"""Publishing an asset under the real policy engine: each answer is a fact, and a refusal changes nothing."""

from typing import Final

from msgspec.structs import replace

from processors.agents.state import SkillVersion
from schemas.ids import PrincipalId
from schemas.messages.agents.commands import PublishSkillVersion
from schemas.messages.agents.facts import SkillVersionPublished
from schemas.messages.governance.facts import (
    ApprovalConsumed,
    ApprovalGranted,
    ApprovalRequested,
    PolicyDecisionRecorded,
    PolicyPublished,
)
from schemas.messages.identity.facts import PrincipalRegistered, RoleGranted
from tests.unit.agents.assets import NUMBER, SKILL, SKILL_REGISTERED
from tests.unit.scenario import Scenario

ADMIN: Final = PrincipalId("user:admin")
OLGA: Final = PrincipalId("user:olga")
FOUR_EYES: Final = PolicyPublished(
    policy_id="four-eyes@1.0.0",
    name="four-eyes",
    version="1.0.0",
    domain="risk",
    mode="enforce",
    text="""
        @id("owners-publish")
        permit (principal in Factory::Role::"TenantOwner", action, resource);
        @id("skills-are-seen-by-two")
        @effect("requiresApproval")
        forbid (principal, action == Factory::Action::"skill:publish", resource);
    """,
)
PUBLISH: Final = PublishSkillVersion(
    name=SKILL, version="1.0.0", input_schema=NUMBER, output_schema=NUMBER
)


def scenario(tenant: str, actor: PrincipalId, role: str) -> Scenario:
    return Scenario(tenant, actor=actor).given(
        PrincipalRegistered(principal_id=actor, kind="user", display_name="Somebody"),
        RoleGranted(principal_id=actor, role=role),
        SKILL_REGISTERED,
    )


def test_what_policy_permits_is_published_after_its_decision() -> None:
    published = scenario("system", ADMIN, "PlatformAdmin").when(PUBLISH)
    published.then(PolicyDecisionRecorded, SkillVersionPublished)
    decided = published.fact(PolicyDecisionRecorded)
    assert (decided.effect, decided.action) == ("Allow", "skill:publish")
    assert decided.resource == f"{SKILL}@1.0.0"
    assert decided.principal_id == ADMIN
    assert decided.roles == ("PlatformAdmin",)


def test_what_no_rule_permits_is_denied_and_the_denial_is_kept() -> None:
    denied = scenario("acme", OLGA, "TenantOwner").when(PUBLISH)
    denied.recorded(PolicyDecisionRecorded).refused("POLICY_DENIED")
    assert denied.fact(PolicyDecisionRecorded).effect == "Deny"
    assert denied.tables.get(SkillVersion, f"{SKILL}/1.0.0") is None


def test_what_policy_wants_approved_is_published_once_under_the_granted_approval() -> None:
    acme = scenario("acme", OLGA, "TenantOwner").given_system(FOUR_EYES).when(PUBLISH)
    acme.recorded(PolicyDecisionRecorded, ApprovalRequested).refused("APPROVAL_REQUIRED")
    approval_id = acme.fact(ApprovalRequested).approval_id
    acme.given(
        ApprovalGranted(
            approval_id=approval_id,
            principal_id=PrincipalId("user:oscar"),
            comment="sound",
            voters=("user:oscar",),
        )
    )
    other = replace(PUBLISH, version="1.0.1")
    acme.when(other, approval_id=approval_id).refused("APPROVAL_REQUIRED")
    acme.when(PUBLISH, approval_id=approval_id)
    acme.then(PolicyDecisionRecorded, ApprovalConsumed, SkillVersionPublished)
    acme.when(other, approval_id=approval_id).refused("APPROVAL_REQUIRED")


def test_what_is_refused_for_its_content_is_not_put_to_policy() -> None:
    refused = scenario("system", ADMIN, "PlatformAdmin")
    refused.when(replace(PUBLISH, input_schema="not json")).recorded().refused("INVALID_ARGUMENT")
