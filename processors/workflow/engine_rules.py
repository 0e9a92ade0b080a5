"""The engine's part of the workflow context's tables.

What frees resources or answers a question is taken in while the tenant is suspended, and what agents report does not
count against commands.rate: it must not wait for a flood to end.
"""

from processors.rules import CommandRule, Commands
from processors.workflow import (
    cancel_workflow,
    claim_agent_task,
    complete_agent_task,
    fail_agent_task,
    heartbeat_agent_task,
    pause_workflow,
    report_agent_progress,
    resume_workflow,
    retry_workflow_step,
    skip_workflow_step,
    start_workflow,
)
from processors.workflow.instances import project_of
from schemas.messages.workflow import commands

ENGINE_COMMANDS: Commands = {
    commands.StartWorkflow: CommandRule(start_workflow.decide, "workflow:start"),
    commands.PauseWorkflow: CommandRule(
        pause_workflow.decide, "workflow:pause", while_suspended=True, project_of=project_of
    ),
    commands.ResumeWorkflow: CommandRule(
        resume_workflow.decide, "workflow:resume", project_of=project_of
    ),
    commands.CancelWorkflow: CommandRule(
        cancel_workflow.decide,
        "workflow:cancel",
        while_suspended=True,
        metered=False,
        project_of=project_of,
    ),
    commands.RetryWorkflowStep: CommandRule(
        retry_workflow_step.decide, "workflow-step:retry", project_of=project_of
    ),
    commands.SkipWorkflowStep: CommandRule(
        skip_workflow_step.decide, "workflow-step:skip", project_of=project_of
    ),
    commands.ClaimAgentTask: CommandRule(
        claim_agent_task.decide, "agent-task:claim", while_suspended=True, metered=False
    ),
    commands.HeartbeatAgentTask: CommandRule(
        heartbeat_agent_task.decide, "agent-task:heartbeat", while_suspended=True, metered=False
    ),
    commands.ReportAgentProgress: CommandRule(
        report_agent_progress.decide, "agent-task:progress", while_suspended=True, metered=False
    ),
    commands.CompleteAgentTask: CommandRule(
        complete_agent_task.decide, "agent-task:complete", while_suspended=True, metered=False
    ),
    commands.FailAgentTask: CommandRule(
        fail_agent_task.decide, "agent-task:fail", while_suspended=True, metered=False
    ),
}
