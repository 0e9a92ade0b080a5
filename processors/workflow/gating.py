"""The policy gates before a task is assigned, and the approval that a policy may ask for."""

import hashlib
from typing import NamedTuple

from processors import governance, identity
from processors.contract import GateResult
from processors.workflow.definition.model import CallAgentTask
from processors.workflow.fault import StepFaultError, fault
from processors.workflow.finishing import timeout_of
from processors.workflow.limits import APPROVAL_MICROS
from processors.workflow.need import Need
from processors.workflow.run import Run
from processors.workflow.state import WorkflowStep
from schemas.ids import ApprovalId, DecisionId
from schemas.messages.workflow.facts import WorkflowInstanceBlocked

ASSIGN = "agent-task:assign"
"""Action that every assignment asks policy for."""

APPROVER_ROLE = "TenantOwner"
"""Who answers where policy asks for an approval of an assignment."""


class Work(NamedTuple):
    """What an attempt is asked to do."""

    inputs: str
    intent: str
    attempt: int


class Allowed(NamedTuple):
    """The decision that allows an assignment, and what it demands."""

    decision_id: DecisionId
    obligations: tuple[str, ...]


def gate(
    run: Run,
    path: str,
    call: CallAgentTask,
    *,
    step: WorkflowStep | None,
    need: Need,
    work: Work,
) -> Allowed | None:
    """Ask policy; None where an approval is waited for now.

    Raises StepFaultError of class ``policy`` where policy says no.
    """
    actions = (ASSIGN,) if call.gate is None else (ASSIGN, call.gate)
    results = [_ask(run, action, call, need, work) for action in actions]
    for result in results:
        if result.effect == "Deny":
            message = f"policy denies it: {', '.join(result.rules) or 'no rule permits it'}"
            denied = fault("policy", message).fault
            raise StepFaultError(denied._replace(decision_id=result.decision_id))
    for action, result in zip(actions, results, strict=True):
        if result.effect == "RequiresApproval":
            digest = _digest(run, path, need, work)
            if step is None or not step.approved or step.subject_digest != digest:
                _request(run, path, call, action=action, result=result, digest=digest)
                return None
    obligations = tuple(dict.fromkeys(o for result in results for o in result.obligations))
    return Allowed(results[0].decision_id, obligations)


def _ask(run: Run, action: str, call: CallAgentTask, need: Need, work: Work) -> GateResult:
    instance = run.instance
    return governance.gate(
        run.decision,
        action=action,
        resource=f"{need.skill_reference}@{need.skill.version}",
        context={
            "agentRole": call.role,
            "skill": need.skill_reference,
            "skillVersion": need.skill.version,
            "modelPolicy": need.policy_reference,
            "classificationCeiling": need.policy.classification_ceiling,
            "inputTokens": call.input_tokens,
            "outputTokens": call.output_tokens,
            "cost": need.cost,
            "priority": run.priority(call.priority),
            "attempt": work.attempt,
            "definition": instance.definition_name,
            "definitionVersion": instance.definition_version,
            "step": call.node.name,
            "projectId": run.project_id or "",
        },
        principal_id=run.started_by,
        roles=identity.roles_of(run.decision, run.started_by, run.project_id),
    )


def _digest(run: Run, path: str, need: Need, work: Work) -> str:
    """Give what an approval is bound to: the very work, so that a grant covers nothing else."""
    parts = (
        run.instance_id,
        path,
        need.skill_reference,
        need.skill.version,
        need.policy_reference,
        str(need.amounts),
        work.intent,
        work.inputs,
    )
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def _request(
    run: Run,
    path: str,
    call: CallAgentTask,
    *,
    action: str,
    result: GateResult,
    digest: str,
) -> None:
    """Ask for the approval and let the step wait for it."""
    step = run.step(path)
    approval_id = ApprovalId(f"apr-{run.decision.derive('approval')}")
    fact = WorkflowInstanceBlocked(
        workflow_instance_id=run.instance_id,
        step_path=path,
        step_name=call.node.name,
        kind="agentTask",
        reason="approval",
        agent_role=call.role,
        priority=run.priority(call.priority),
        approval_id=approval_id,
        decision_id=result.decision_id,
        subject_digest=digest,
        timeout_at=step.timeout_at if step is not None else timeout_of(run, call.node),
    )
    run.record(fact)
    governance.request_approval(
        run.decision,
        approval_id=approval_id,
        subject_digest=bytes.fromhex(digest),
        action=action,
        resource=f"{run.instance_id}/{path}",
        title=f"Assign {call.node.name} to an agent with role {call.role}",
        approver_role=APPROVER_ROLE,
        quorum=1,
        four_eyes=True,
        expires_at=run.decision.at + APPROVAL_MICROS,
        on_expiry="escalate",
        requested_by=run.started_by,
    )
