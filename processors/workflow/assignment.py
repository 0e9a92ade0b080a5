"""An attempt of a task is put out: the fact, and the contract that an agent of the role may take on."""

from typing import NamedTuple

from processors.workflow.definition.model import CallAgentTask
from processors.workflow.finishing import timeout_of
from processors.workflow.gating import Allowed, Work
from processors.workflow.limits import LEASE_MICROS
from processors.workflow.need import Need
from processors.workflow.provenance import input_artifacts
from processors.workflow.run import Run
from processors.workflow.state import AgentTask, WorkflowStep
from schemas.ids import ReservationId, TaskId
from schemas.messages.workflow.facts import AgentTaskAssigned
from schemas.messages.workflow.messages import (
    AgentTaskAssignment,
    ContextRequest,
    InputArtifact,
    TaskConstraints,
)


class Granted(NamedTuple):
    """What an admission came to."""

    need: Need
    work: Work
    allowed: Allowed
    task_id: TaskId
    reservation_id: ReservationId


def assign(
    run: Run,
    path: str,
    call: CallAgentTask,
    *,
    step: WorkflowStep | None,
    task: AgentTask | None,
    granted: Granted,
) -> None:
    """Record the assignment and send it out under a lease; the fact holds only the token's hash (settled.md 19).

    ``step``, ``task``: as they were before the admission; none at the first attempt.
    """
    need, work, allowed, task_id, reservation_id = granted
    decision = run.decision
    lease_micros = min(LEASE_MICROS, call.deadline_micros)
    token = decision.keys.token(decision.tenant_id, task_id, work.attempt)
    fact = AgentTaskAssigned(
        task_id=task_id,
        workflow_instance_id=run.instance_id,
        step_path=path,
        step_name=call.node.name,
        agent_role=call.role,
        skill=need.skill_reference,
        skill_version=need.skill.version,
        attempt=work.attempt,
        priority=run.priority(call.priority),
        reservation_id=reservation_id,
        decision_id=allowed.decision_id,
        model_policy=need.policy_reference,
        inputs=work.inputs,
        intent=work.intent,
        input_token_budget=call.input_tokens,
        output_token_budget=call.output_tokens,
        cost_budget=need.cost,
        lease_token_hash=decision.keys.token_hash(token),
        lease_expires_at=decision.at + lease_micros,
        lease_micros=lease_micros,
        deadline_at=decision.at + call.deadline_micros,
        max_corrections=call.max_corrections,
        findings=task.findings if task is not None else (),
        timeout_at=step.timeout_at if step is not None else timeout_of(run, call.node),
    )
    run.record(fact)
    corrections = task.corrections if task is not None and task.findings else 0
    given = input_artifacts(run, path, call)
    message = _contract(
        run, fact, token, obligations=allowed.obligations, correction=corrections, given=given
    )
    decision.send(message, key=task_id)


def _contract(
    run: Run,
    fact: AgentTaskAssigned,
    token: str,
    *,
    obligations: tuple[str, ...],
    correction: int,
    given: tuple[InputArtifact, ...],
) -> AgentTaskAssignment:
    """Give the Agent Task Contract of an assignment (domain.md §5.3)."""
    # The span that the message's own header names, so that an agent may hang its work under either.
    span = run.decision.next_message().replace("-", "")[-16:]
    return AgentTaskAssignment(
        task_id=fact.task_id,
        tenant_id=run.decision.tenant_id,
        project_id=run.project_id,
        workflow_instance_id=run.instance_id,
        trace_id=run.scope.trace_id,
        correlation_id=run.scope.correlation_id,
        traceparent=f"00-{run.scope.trace_id}-{span}-01",
        created_at=run.decision.at,
        status="Assigned",
        agent_role=fact.agent_role,
        requested_skill=fact.skill,
        skill_version=fact.skill_version,
        step_name=fact.step_name,
        attempt=fact.attempt,
        priority=fact.priority,
        lease_token=token,
        lease_expires_at=fact.lease_expires_at,
        lease_micros=fact.lease_micros,
        intent=fact.intent,
        inputs=fact.inputs,
        input_artifacts=given,
        context_request=ContextRequest(
            scope=("workflow",) if run.project_id is None else ("workflow", "project"),
            token_budget=fact.input_token_budget,
        ),
        constraints=TaskConstraints(
            model_policy_id=fact.model_policy,
            max_correction_attempts=fact.max_corrections,
            deadline=fact.deadline_at,
            output_token_budget=fact.output_token_budget,
        ),
        obligations=obligations,
        correction=correction,
        findings=fact.findings,
    )
