"""RequestApproval, GrantApproval, RejectApproval and what happens when nobody answers."""

import pytest
from msgspec.structs import replace

from processors.governance.expiry import deadline
from processors.governance.state import APPROVAL_TRANSITIONS, Approval
from schemas.messages.governance import facts
from schemas.messages.governance.commands import RequestApproval
from tests.unit.governance import given
from tests.unit.governance.given import APPROVAL, GRANT, OLGA, REJECT, SAM, TIM
from tests.unit.scenario import START, Scenario

REQUEST = RequestApproval(
    approval_id=APPROVAL,
    action="release:promote",
    resource="r",
    title="Promote?",
    subject_digest=given.DIGEST,
    approver_role="SolutionArchitect",
    quorum=2,
    four_eyes=True,
    expires_in_seconds=60,
    on_expiry="escalate",
)


def status(scenario: Scenario) -> str:
    approval = scenario.tables.get(Approval, APPROVAL)
    assert approval is not None
    return approval.status


def asked(actor: object = SAM, **changes: object) -> Scenario:
    scenario = given.tenant().given(given.requested(**changes))
    scenario.actor = actor  # type: ignore[assignment]
    return scenario


def test_a_request_opens_an_approval_for_its_time() -> None:
    scenario = given.tenant().when(REQUEST).then(facts.ApprovalRequested)
    fact = scenario.fact(facts.ApprovalRequested)
    assert (fact.expires_at, fact.period_micros) == (START + 60_000_000, 60_000_000)
    assert fact.requested_by == OLGA
    assert status(scenario) == "Pending"


def test_an_approvals_id_is_used_once() -> None:
    asked(OLGA).when(REQUEST).refused("ALREADY_EXISTS", "approvalId")


def test_a_role_that_nobody_can_hold_is_not_asked() -> None:
    given.tenant().when(replace(REQUEST, approver_role="Emperor")).refused(
        "INVALID_ARGUMENT", "approverRole"
    )


def test_one_vote_grants_where_one_is_needed() -> None:
    scenario = asked().when(GRANT).then(facts.ApprovalGranted)
    assert status(scenario) == "Granted"


def test_a_vote_short_of_the_quorum_is_recorded_and_the_last_one_grants() -> None:
    scenario = asked(quorum=2).when(GRANT).then(facts.ApprovalVoteRecorded)
    assert status(scenario) == "Pending"
    scenario.actor = TIM
    scenario.when(GRANT).then(facts.ApprovalGranted)
    assert scenario.fact(facts.ApprovalGranted).voters == (SAM, TIM)


@pytest.mark.parametrize("command", [GRANT, REJECT])
def test_only_holders_of_the_role_answer(command: object) -> None:
    asked(OLGA, four_eyes=False).when(command).refused("FORBIDDEN", "actorId")  # type: ignore[arg-type]


@pytest.mark.parametrize("command", [GRANT, REJECT])
def test_who_asks_does_not_answer_under_four_eyes(command: object) -> None:
    asked(SAM, requested_by=SAM).when(command).refused("FORBIDDEN", "actorId")  # type: ignore[arg-type]


def test_without_four_eyes_the_requester_may_answer() -> None:
    asked(SAM, requested_by=SAM, four_eyes=False).when(GRANT).then(facts.ApprovalGranted)


def test_nobody_votes_twice() -> None:
    asked(quorum=2).when(GRANT).when(GRANT).refused("FORBIDDEN", "actorId")


@pytest.mark.parametrize("command", [GRANT, REJECT])
def test_an_unknown_approval_is_not_found(command: object) -> None:
    given.tenant(SAM).when(command).refused("NOT_FOUND", "approvalId")  # type: ignore[arg-type]


@pytest.mark.parametrize("command", [GRANT, REJECT])
def test_an_answered_approval_takes_no_answer(command: object) -> None:
    scenario = asked().when(REJECT).then(facts.ApprovalRejected)
    scenario.when(command).refused("INVALID_STATE", "approvalId")  # type: ignore[arg-type]


@pytest.mark.parametrize("command", [GRANT, REJECT])
def test_a_late_answer_is_expired_though_the_timer_has_not_come(command: object) -> None:
    scenario = asked()
    scenario.at = START + given.HOUR
    scenario.when(command).refused("EXPIRED", "approvalId")  # type: ignore[arg-type]


def test_one_rejection_is_final() -> None:
    scenario = asked(quorum=2).when(GRANT)
    scenario.actor = TIM
    scenario.when(REJECT).then(facts.ApprovalRejected)
    assert (status(scenario), scenario.fact(facts.ApprovalRejected).reason_code) == (
        "Rejected",
        "too-risky",
    )


def test_an_unanswered_approval_is_rejected_as_expired_by_the_engine() -> None:
    scenario = asked().when_timer(Approval, APPROVAL).then(facts.ApprovalRejected)
    fact = scenario.fact(facts.ApprovalRejected)
    assert (fact.reason_code, fact.principal_id, status(scenario)) == ("expired", None, "Expired")
    assert scenario.history[-1][1].actor_type == "system"


def test_it_escalates_once_for_as_long_again_and_then_is_rejected() -> None:
    scenario = (
        asked(on_expiry="escalate").when_timer(Approval, APPROVAL).then(facts.ApprovalEscalated)
    )
    fact = scenario.fact(facts.ApprovalEscalated)
    assert (fact.approver_role, fact.expires_at) == ("TenantOwner", START + 2 * given.HOUR)
    scenario.when_timer(Approval, APPROVAL).then(facts.ApprovalRejected)


def test_the_platforms_own_approval_escalates_to_the_platform() -> None:
    scenario = Scenario(tenant="system").given(given.requested(on_expiry="escalate"))
    scenario.when_timer(Approval, APPROVAL)
    assert scenario.fact(facts.ApprovalEscalated).approver_role == "PlatformAdmin"


def test_an_answered_approval_waits_for_no_timer() -> None:
    scenario = asked().when(GRANT)
    approval = scenario.tables.get(Approval, APPROVAL)
    assert approval is not None
    assert deadline(approval) is None


def test_the_states_are_those_of_the_table() -> None:
    assert set(APPROVAL_TRANSITIONS) == set(Approval.__annotations__["status"].__args__)
