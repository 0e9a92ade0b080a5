"""Which function applies which fact of the context, and of others that its tables follow."""

from processors.rules import Evolvers
from processors.workflow import evolve_instance as instance
from processors.workflow import evolve_queue as queue
from processors.workflow import evolve_step as step
from processors.workflow import evolve_task as task
from schemas.messages.tenancy.facts import QuotaReleased, QuotaSettled
from schemas.messages.workflow import facts

EVOLVERS: Evolvers = {
    facts.WorkflowInstanceStarted: (instance.started,),
    facts.WorkflowInstancePaused: (instance.paused,),
    facts.WorkflowInstanceResumed: (instance.resumed,),
    facts.WorkflowInstanceCompleted: (instance.completed,),
    facts.WorkflowInstanceFailed: (instance.failed,),
    facts.WorkflowInstanceCancelled: (instance.cancelled,),
    facts.WorkflowInstanceArchived: (instance.archived,),
    facts.WorkflowStepStarted: (step.started,),
    facts.WorkflowStepCompleted: (step.completed,),
    facts.WorkflowStepFailed: (step.failed,),
    facts.WorkflowInstanceEscalated: (step.escalated,),
    facts.WorkflowStepSkipped: (step.skipped,),
    facts.WorkflowStepRetried: (step.retried,),
    facts.WorkflowInstanceBlocked: (queue.blocked,),
    facts.WorkflowInstanceUnblocked: (queue.unblocked,),
    facts.WaitingStepsDeferred: (queue.deferred,),
    facts.AgentTaskAssigned: (task.assigned,),
    facts.AgentTaskClaimed: (task.claimed,),
    facts.AgentLeaseExtended: (task.extended,),
    facts.AgentTaskProgressed: (task.extended,),
    facts.ValidationFailed: (task.not_acceptable,),
    facts.CorrectionAttempted: (task.corrected,),
    facts.AgentTaskCompleted: (task.completed,),
    facts.AgentTaskFailed: (task.failed,),
    facts.AgentTaskExpired: (task.expired,),
    facts.AgentTaskWithdrawn: (task.withdrawn,),
    QuotaSettled: (task.reservation_ended,),
    QuotaReleased: (task.reservation_ended,),
}
