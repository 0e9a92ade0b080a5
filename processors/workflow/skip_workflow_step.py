"""SkipWorkflowStep — answer an escalation: go on without the step.

State     WorkflowStep, Escalated
Produces  PolicyDecisionRecorded, WorkflowStepSkipped, then what follows
Refuses   NOT_FOUND (instance, step), INVALID_STATE (ended, or the step is not escalated), POLICY_DENIED,
          APPROVAL_REQUIRED
Source    domain.md §5.2, §7 (skip of a step is a sensitive action)
"""

from processors import governance, identity
from processors.contract import Rejection
from processors.decision import Decision
from processors.workflow.advance import advance
from processors.workflow.instances import escalated, running
from processors.workflow.run import Run
from processors.workflow.state import WorkflowStep
from schemas.messages.workflow.commands import SkipWorkflowStep
from schemas.messages.workflow.facts import WorkflowStepSkipped


def decide(command: SkipWorkflowStep, decision: Decision) -> Rejection | None:
    """Leave the step out, where policy lets the sender; its output is null."""
    run = running(decision, command.workflow_instance_id)
    if isinstance(run, Rejection):
        return run
    step = escalated(run, command.step_path)
    if isinstance(step, Rejection):
        return step
    refused = _gate(run, command, step)
    if refused is not None:
        return refused
    fact = WorkflowStepSkipped(
        workflow_instance_id=run.instance_id,
        step_path=command.step_path,
        step_name=step.step_name,
        kind=step.kind,
        reason="person",
        note=command.reason,
    )
    decision.record(fact)
    run.ended(command.step_path)
    advance(run)
    return None


def _gate(run: Run, command: SkipWorkflowStep, step: WorkflowStep) -> Rejection | None:
    decision = run.decision
    return governance.gate_command(
        decision,
        action="workflow-step:skip",
        resource=f"{run.instance_id}/{command.step_path}",
        context={
            "definition": run.instance.definition_name,
            "definitionVersion": run.instance.definition_version,
            "step": step.step_name,
            "kind": step.kind,
            "projectId": run.project_id or "",
        },
        roles=identity.roles_of(decision, decision.cause.actor_id, run.project_id),
    )
