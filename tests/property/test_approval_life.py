"""An approval under any order of answers, withdrawals and deadlines, against a model of its rules."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from processors import governance
from processors.governance.expiry import deadline
from processors.governance.state import APPROVAL_TRANSITIONS, Approval
from schemas.ids import PrincipalId
from schemas.messages.identity.facts import PrincipalRegistered, RoleGranted
from tests.unit.governance.given import APPROVAL, GRANT, HOUR, REJECT, requested
from tests.unit.scenario import START, Scenario

ROLE_OF = {
    "user:olga": "TenantOwner",
    "user:ann": "TenantOwner",
    "user:sam": "SolutionArchitect",
    "user:tim": "SolutionArchitect",
    "user:una": "FactoryOperator",
}
PEOPLE = tuple(ROLE_OF)


@dataclass
class Model:
    """What domain.md §7 says of an approval."""

    quorum: int
    four_eyes: bool
    escalates: bool
    role: str = "SolutionArchitect"
    status: str = "Pending"
    expires_at: int = START + HOUR
    escalated: bool = False
    voters: list[str] = field(default_factory=list)

    def refuses(self, actor: str, at: int) -> str | None:
        if self.status != "Pending":
            return "INVALID_STATE"
        if at >= self.expires_at:
            return "EXPIRED"
        asks = self.four_eyes and actor == "user:olga"
        return "FORBIDDEN" if asks or ROLE_OF[actor] != self.role or actor in self.voters else None

    def grant(self, actor: str) -> None:
        self.voters.append(actor)
        if len(self.voters) == self.quorum:
            self.status = "Granted"

    def fire(self, at: int) -> None:
        if self.escalates and not self.escalated:
            self.escalated, self.role, self.voters = True, "TenantOwner", []
            self.expires_at = at + HOUR
        else:
            self.status = "Expired"


steps = st.lists(
    st.one_of(
        st.tuples(st.just("grant"), st.sampled_from(PEOPLE)),
        st.tuples(st.just("grant"), st.sampled_from(PEOPLE)),
        st.tuples(st.just("reject"), st.sampled_from(PEOPLE)),
        st.tuples(st.just("pass"), st.sampled_from([HOUR // 2, HOUR])),
        st.tuples(st.just("timer"), st.just(0)),
        st.tuples(st.just("withdraw"), st.just(0)),
    ),
    max_size=12,
)


def opened(model: Model) -> Scenario:
    scenario = Scenario()
    for person, role in ROLE_OF.items():
        principal = PrincipalId(person)
        scenario.given(
            PrincipalRegistered(principal_id=principal, kind="user", display_name=person),
            RoleGranted(principal_id=principal, role=role, project_id=None),
        )
    return scenario.given(
        requested(
            quorum=model.quorum,
            four_eyes=model.four_eyes,
            on_expiry="escalate" if model.escalates else "reject",
        )
    )


def answered(scenario: Scenario, model: Model, action: str, actor: str) -> None:
    scenario.actor = PrincipalId(actor)
    wanted = model.refuses(actor, scenario.at)
    scenario.when(GRANT if action == "grant" else REJECT)
    assert (scenario.rejection.code if scenario.rejection else None) == wanted
    assert bool(scenario.facts) == (wanted is None)
    if wanted is None and action == "grant":
        model.grant(actor)
    elif wanted is None:
        model.status = "Rejected"


def stepped(scenario: Scenario, model: Model, action: str, value: Any) -> None:
    if action in ("grant", "reject"):
        answered(scenario, model, action, value)
    elif action == "pass":
        scenario.at += value
    elif action == "withdraw":
        governance.withdraw_approval(scenario.decide(), APPROVAL, "no longer asked")
        model.status = "Withdrawn" if model.status == "Pending" else model.status
    elif model.status == "Pending":
        scenario.when_timer(Approval, APPROVAL)
        model.fire(scenario.at)


def record(scenario: Scenario) -> Approval:
    approval = scenario.tables.get(Approval, APPROVAL)
    assert approval is not None
    return approval


@given(st.integers(1, 3), st.booleans(), st.booleans(), steps)
@settings(max_examples=300, deadline=None)
def test_an_approval_lives_as_its_rules_say(
    quorum: int, four_eyes: bool, escalates: bool, life: list[tuple[str, Any]]
) -> None:
    model = Model(quorum, four_eyes, escalates)
    scenario = opened(model)
    for action, value in life:
        before = record(scenario).status
        stepped(scenario, model, action, value)
        after = record(scenario)
        assert after.status == before or after.status in APPROVAL_TRANSITIONS[before]
        assert (after.status, list(after.voters), after.approver_role, after.expires_at) == (
            model.status,
            model.voters,
            model.role,
            model.expires_at,
        )
        assert (deadline(after) is None) == (model.status != "Pending")
