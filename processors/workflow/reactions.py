"""What the context does when something happens elsewhere: an approval is answered, or a place or a quota frees."""

from msgspec import Struct

from processors.contract import Meta
from processors.decision import Decision
from processors.rules import Reactions
from processors.workflow import answers, holding
from processors.workflow.advance import advance
from processors.workflow.agent_share import give_back
from processors.workflow.queues import try_queues
from schemas.messages.agents.facts import AgentPoolSized
from schemas.messages.governance.facts import ApprovalGranted, ApprovalRejected
from schemas.messages.tenancy.facts import (
    QuotaOverridden,
    QuotaReleased,
    QuotaReset,
    QuotaSettled,
    SubscriptionActivated,
    TenantReactivated,
)
from schemas.messages.workflow.facts import (
    AgentTaskCompleted,
    AgentTaskExpired,
    AgentTaskFailed,
    AgentTaskWithdrawn,
)


def freed(decision: Decision, _fact: Struct, _meta: Meta) -> None:
    """Try the queues: a place of a pool or an amount of a quota may have come free."""
    try_queues(decision, advance)


def reactivated(decision: Decision, _fact: TenantReactivated, _meta: Meta) -> None:
    """Let the steps go on that the suspension held up."""
    holding.release_suspended(decision, advance)


REACTIONS: Reactions = {
    ApprovalGranted: (answers.granted,),
    ApprovalRejected: (answers.rejected,),
    TenantReactivated: (reactivated, freed),
    SubscriptionActivated: (freed,),
    QuotaSettled: (freed,),
    QuotaReleased: (freed,),
    QuotaOverridden: (freed,),
    QuotaReset: (freed,),
    AgentPoolSized: (freed,),
    AgentTaskCompleted: (give_back,),
    AgentTaskFailed: (give_back, freed),
    AgentTaskExpired: (give_back, freed),
    AgentTaskWithdrawn: (give_back, freed),
}
