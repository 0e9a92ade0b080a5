"""Governance: policies, the decisions made by them, and approvals by people.

Owns what policy says to an action and who approved what. Does not own what follows from it: the context that asked
acts on the answer, and follows approvals by reactions.
"""

from processors.governance import (
    define_policy,
    evolve,
    expiry,
    grant_approval,
    publish_policy,
    reject_approval,
)
from processors.governance import (
    request_approval as request_approval_command,
)
from processors.governance.gates import gate, gate_command
from processors.governance.requests import request_approval, withdraw_approval
from processors.governance.state import Approval
from processors.rules import CommandRule, Commands, Evolvers, TimerRule, Timers
from schemas.messages.governance import commands, facts

COMMANDS: Commands = {
    commands.DefinePolicy: CommandRule(define_policy.decide, "policy:define"),
    commands.PublishPolicy: CommandRule(publish_policy.decide, "policy:publish"),
    commands.RequestApproval: CommandRule(request_approval_command.decide, "approval:request"),
    commands.GrantApproval: CommandRule(
        grant_approval.decide, "approval:grant", while_suspended=True, metered=False
    ),
    commands.RejectApproval: CommandRule(
        reject_approval.decide, "approval:reject", while_suspended=True, metered=False
    ),
}

EVOLVERS: Evolvers = {
    facts.PolicyDefined: (evolve.policy_defined,),
    facts.PolicyPublished: (evolve.policy_published,),
    facts.ApprovalRequested: (evolve.approval_requested,),
    facts.ApprovalVoteRecorded: (evolve.approval_vote_recorded,),
    facts.ApprovalGranted: (evolve.approval_granted,),
    facts.ApprovalRejected: (evolve.approval_rejected,),
    facts.ApprovalEscalated: (evolve.approval_escalated,),
    facts.ApprovalConsumed: (evolve.approval_consumed,),
    facts.ApprovalWithdrawn: (evolve.approval_withdrawn,),
}

TIMERS: Timers = {Approval: TimerRule(expiry.deadline, expiry.fire)}

__all__ = [
    "COMMANDS",
    "EVOLVERS",
    "TIMERS",
    "gate",
    "gate_command",
    "request_approval",
    "withdraw_approval",
]
