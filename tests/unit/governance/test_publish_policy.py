"""PublishPolicy: what was drafted decides from then on."""

import pytest

from processors import governance
from processors.governance.state import BUNDLE_ID, PolicyBundle
from schemas.messages.governance.commands import PublishPolicy
from schemas.messages.governance.facts import (
    ApprovalConsumed,
    ApprovalGranted,
    ApprovalRequested,
    PolicyDecisionRecorded,
    PolicyPublished,
)
from tests.unit.governance import given
from tests.unit.scenario import Scenario

PUBLISH = PublishPolicy(name="own", version="1.0.0")
PUBLISHING = 'action == Factory::Action::"policy:publish"'
OWNERS = (
    f'@id("owners") permit (principal in Factory::Role::"TenantOwner", {PUBLISHING}, resource);'
)


def allowed() -> Scenario:
    return given.tenant().given_system(given.published(OWNERS, "platform"))


def test_a_draft_is_published_after_policy_was_asked() -> None:
    scenario = allowed().given(given.defined()).when(PUBLISH)
    scenario.then(PolicyDecisionRecorded, PolicyPublished)
    bundle = scenario.tables.get(PolicyBundle, BUNDLE_ID)
    assert bundle is not None
    assert [(p.name, p.version) for p in bundle.policies] == [("own", "1.0.0")]


def test_a_new_version_takes_the_place_of_the_old_and_the_bundle_has_a_new_name() -> None:
    scenario = allowed().given(given.published(given.ALLOW), given.defined(version="1.1.0"))
    before = scenario.tables.get(PolicyBundle, BUNDLE_ID)
    scenario.when(PublishPolicy(name="own", version="1.1.0"))
    after = scenario.tables.get(PolicyBundle, BUNDLE_ID)
    assert before is not None
    assert after is not None
    assert [(p.name, p.version) for p in after.policies] == [("own", "1.1.0")]
    assert (after.version, after.hash != before.hash) == (before.version + 1, True)


def test_it_decides_from_the_next_decision_on() -> None:
    text = '@id("no") forbid (principal, action == Factory::Action::"workflow:start", resource);'
    scenario = allowed().given_system(given.published(given.ALLOW, "all"))
    ask = {"action": "workflow:start", "resource": "r", "context": {}, "roles": ("TenantOwner",)}
    assert governance.gate(scenario.decide(), **ask).effect == "Allow"  # type: ignore[arg-type]
    scenario.given(given.defined(text)).when(PUBLISH).then(PolicyDecisionRecorded, PolicyPublished)
    assert governance.gate(scenario.decide(), **ask).effect == "Deny"  # type: ignore[arg-type]


def test_what_was_never_drafted_is_not_found() -> None:
    allowed().when(PUBLISH).refused("NOT_FOUND", "version")


def test_a_version_is_published_once() -> None:
    allowed().given(given.published(given.ALLOW)).when(PUBLISH).refused("ALREADY_EXISTS", "version")


def test_without_a_permit_publishing_is_denied_and_the_denial_recorded() -> None:
    scenario = given.tenant().given(given.defined()).when(PUBLISH).refused("POLICY_DENIED")
    assert scenario.fact(PolicyDecisionRecorded).effect == "Deny"


def test_publishing_may_need_an_approval() -> None:
    ask = f'@id("two") @effect("requiresApproval") forbid (principal, {PUBLISHING}, resource);'
    scenario = allowed().given_system(given.published(ask, "careful")).given(given.defined())
    scenario.when(PUBLISH).refused("APPROVAL_REQUIRED", "approvalId")
    request = scenario.fact(ApprovalRequested)
    assert (request.approver_role, request.requested_by) == ("TenantOwner", given.OLGA)


def test_an_approval_holds_for_the_text_that_was_approved() -> None:
    """A draft may be written again: what was granted must not carry another text."""
    ask = f'@id("two") @effect("requiresApproval") forbid (principal, {PUBLISHING}, resource);'
    scenario = allowed().given_system(given.published(ask, "careful")).given(given.defined())
    scenario.when(PUBLISH, digest=given.DIGEST)
    request = scenario.fact(ApprovalRequested)
    scenario.given(
        ApprovalGranted(
            approval_id=request.approval_id, principal_id=given.SAM, comment="", voters=()
        )
    )
    again = {"digest": given.DIGEST, "approval_id": request.approval_id}
    scenario.given(given.defined(OWNERS)).when(PUBLISH, **again).refused("APPROVAL_REQUIRED")
    scenario.given(given.defined()).when(PUBLISH, **again)
    scenario.then(PolicyDecisionRecorded, ApprovalConsumed, PolicyPublished)


@pytest.mark.parametrize("version", ["1.9.0", "1.10.0"])
def test_a_version_that_is_not_newer_than_what_decides_is_stale(version: str) -> None:
    scenario = allowed().given(
        given.defined(given.ALLOW, version=version),
        given.published(given.ALLOW, version="2.0.0"),
    )
    scenario.when(PublishPolicy(name="own", version=version)).refused("STALE_VERSION", "version")
    bundle = scenario.tables.get(PolicyBundle, BUNDLE_ID)
    assert bundle is not None
    assert [p.version for p in bundle.policies if p.name == "own"] == ["2.0.0"]


def test_the_ninth_minor_version_is_older_than_the_tenth() -> None:
    scenario = allowed().given(
        given.defined(given.ALLOW, version="1.10.0"), given.published(given.ALLOW, version="1.9.0")
    )
    scenario.when(PublishPolicy(name="own", version="1.10.0"))
    assert scenario.fact(PolicyPublished).version == "1.10.0"


def test_a_bundle_has_room_for_so_many_policies() -> None:
    scenario = allowed().given(*(given.published(given.ALLOW, f"policy-{n}") for n in range(32)))
    scenario.given(given.defined(given.ALLOW), given.defined(given.ALLOW, "policy-7", "1.0.1"))
    scenario.when(PublishPolicy(name="own", version="1.0.0")).refused("LIMIT_EXCEEDED", "text")
    scenario.when(PublishPolicy(name="policy-7", version="1.0.1"))
    assert scenario.rejection is None


def test_a_bundle_has_room_for_so_much_text() -> None:
    long = given.ALLOW + " " * 60_000
    scenario = allowed().given(given.published(long, "a-1"), given.published(long, "a-2"))
    scenario.given(given.defined(long))
    scenario.when(PublishPolicy(name="own", version="1.0.0")).refused("LIMIT_EXCEEDED", "text")
