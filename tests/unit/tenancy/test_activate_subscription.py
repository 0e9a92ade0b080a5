"""ActivateSubscription: the tenant's edition and its limits."""

from msgspec.structs import replace

from processors import tenancy
from processors.tenancy.state import TENANT_LEDGER, QuotaLedger
from schemas.ids import SubscriptionId
from schemas.messages.tenancy.commands import ActivateSubscription
from schemas.messages.tenancy.facts import QuotaOverridden, SubscriptionActivated
from tests.unit.scenario import Scenario
from tests.unit.tenancy import given

COMMAND = ActivateSubscription(
    subscription_id=given.SUBSCRIPTION, edition_name="team", edition_version="1.0.0"
)


def provisioned() -> Scenario:
    return Scenario().given(given.PROVISIONED).given_system(given.PUBLISHED)


def limits(scenario: Scenario) -> dict[tuple[str, str], int]:
    ledger = scenario.tables.get(QuotaLedger, TENANT_LEDGER)
    assert ledger is not None
    return {(line.dimension, line.window): line.limit for line in ledger.lines}


def test_the_edition_is_copied_into_the_fact_and_its_limits_hold() -> None:
    scenario = provisioned().when(COMMAND)
    scenario.then(given.subscribed(given.TASKS, given.TOKENS, features=("project-quotas",)))
    assert limits(scenario) == {("tasks.active", "none"): 3, ("tokens.input", "day"): 1000}
    assert tenancy.has_feature(scenario.decide(), "project-quotas")
    assert not tenancy.has_feature(scenario.decide(), "other")


def test_an_override_set_before_stands_over_the_edition() -> None:
    override = QuotaOverridden(
        ledger_id=TENANT_LEDGER,
        dimension="tasks.active",
        window="none",
        limit=9,
        set_by="platform",
        reason="a pilot",
    )
    scenario = provisioned().given(override).when(COMMAND)
    scenario.then(SubscriptionActivated)
    assert limits(scenario)["tasks.active", "none"] == 9


def test_an_edition_that_is_not_there_may_be_on_its_way() -> None:
    scenario = Scenario().given(given.PROVISIONED).when(COMMAND)
    scenario.refused("NOT_FOUND", "editionName")
    assert scenario.rejection is not None
    assert scenario.rejection.retryable


def test_a_draft_is_not_subscribed_to() -> None:
    scenario = Scenario().given(given.PROVISIONED).given_system(given.DEFINED)
    scenario.when(COMMAND).refused("INVALID_STATE", "editionVersion")


def test_a_subscription_id_is_used_once() -> None:
    provisioned().given(given.subscribed()).when(COMMAND).refused(
        "ALREADY_EXISTS", "subscriptionId"
    )


def test_a_tenant_has_one_active_subscription() -> None:
    other = ActivateSubscription(
        subscription_id=SubscriptionId("sub-00000000-0000-0000-0000-000000000002"),
        edition_name="team",
        edition_version="1.0.0",
    )
    provisioned().given(given.subscribed()).when(other).refused("INVALID_STATE", "subscriptionId")


def test_an_unknown_tenant_is_not_found() -> None:
    Scenario().given_system(given.PUBLISHED).when(COMMAND).refused("NOT_FOUND", "tenantId")


def test_a_dedicated_tenant_needs_an_edition_for_it() -> None:
    dedicated = replace(given.PROVISIONED, isolation="dedicated")
    fitting = replace(given.PUBLISHED, features=("dedicated-isolation",))
    scenario = Scenario().given(dedicated).given_system(given.PUBLISHED)
    scenario.when(COMMAND).refused("NOT_ENTITLED", "editionName")
    scenario.given_system(fitting).when(COMMAND).then(SubscriptionActivated)
