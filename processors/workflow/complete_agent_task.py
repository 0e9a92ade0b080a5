"""CompleteAgentTask — take a result in: accept it, have it corrected, or record it as stale.

State     AgentTask of the task, and its instance
Produces  AgentTaskCompleted, ArtifactCreated per artifact, UsageRecorded, QuotaSettled, then what follows in the
          workflow; or ValidationFailed (ModelPolicyBreached), usage, AgentTaskFailed, CorrectionAttempted and a new
          assignment, or the step's failure; StaleResultRecorded where the lease is not in force
Refuses   NOT_FOUND (task, agent, version), FORBIDDEN (role or skill), STALE_LEASE
Source    domain.md §5.3; settled.md 20, 22
"""

from processors import agents, artifacts
from processors.contract import Rejection
from processors.decision import Decision
from processors.workflow.acceptance import findings_of
from processors.workflow.advance import advance
from processors.workflow.definition.model import CallAgentTask
from processors.workflow.documents import decode, encode
from processors.workflow.fault import Fault, StepFaultError
from processors.workflow.leases import stale_reason, unknown
from processors.workflow.provenance import ARTIFACTS_MAX
from processors.workflow.run import Run, run_of
from processors.workflow.settlement import settle_result
from processors.workflow.stale_results import refuse
from processors.workflow.state import AgentTask
from processors.workflow.values import shaped
from schemas.ids import ArtifactId, EventId
from schemas.messages.workflow.commands import CompleteAgentTask
from schemas.messages.workflow.facts import (
    AgentTaskCompleted,
    AgentTaskFailed,
    CorrectionAttempted,
    ProducedArtifact,
    ValidationFailed,
)


def decide(command: CompleteAgentTask, decision: Decision) -> Rejection | None:
    """Take the result in and let the instance go on. A result without an earlier claim counts as the claim."""
    task = decision.tables.get(AgentTask, command.task_id)
    if task is None:
        return unknown(command)
    reason = stale_reason(decision, task, command)
    if reason is not None:
        return refuse(decision, command, task, reason)
    refused = _unfit(decision, command, task)
    if refused is not None:
        return refused
    run = run_of(decision, task.workflow_instance_id)
    _take_in(run, command, task)
    advance(run)
    return None


def _unfit(decision: Decision, command: CompleteAgentTask, task: AgentTask) -> Rejection | None:
    """Check the agent as its claim would have been."""
    if task.status == "Claimed":
        return None
    return agents.check_claim(
        decision,
        command.agent_id,
        command.agent_version,
        task.agent_role,
        task.skill,
        task.skill_version,
    )


def _take_in(run: Run, command: CompleteAgentTask, task: AgentTask) -> None:
    call = run.outline.agent_task(task.step_path)
    run.of_task(command.task_id)
    findings = findings_of(run, call, task, command)
    if findings:
        _send_back(run, command, task, findings)
    else:
        try:
            output = shaped(run, task.step_path, call.node, encode(decode(command.output)))
        except StepFaultError as error:
            _fail(run, command, task, error.fault)
        else:
            _accept(run, command, task, call, output)
    run.of_task(None)


def _accept(
    run: Run, command: CompleteAgentTask, task: AgentTask, call: CallAgentTask, output: str
) -> None:
    fact = AgentTaskCompleted(
        task_id=command.task_id,
        workflow_instance_id=run.instance_id,
        step_path=task.step_path,
        step_name=call.node.name,
        agent_role=task.agent_role,
        attempt=task.attempt,
        execution_id=command.execution_id,
        agent_id=command.agent_id,
        agent_version=command.agent_version,
        skill=task.skill,
        skill_version=task.skill_version,
        output=output,
        context_package_id=command.context_package_id,
        started_at=command.started_at,
        completed_at=command.completed_at,
        artifacts=_named(run, command),
    )
    source = run.decision.record(fact)
    if command.output_artifacts:
        artifacts.register(
            run.decision,
            outputs=command.output_artifacts,
            task_id=command.task_id,
            workflow_instance_id=run.instance_id,
            project_id=run.project_id,
            agent_id=command.agent_id,
            skill=task.skill,
            decision_id=task.decision_id,
            input_artifact_ids=[ArtifactId(a) for a in command.input_artifact_ids],
        )
    settle_result(run.decision, command, task, source)
    run.ended(task.step_path)


def _named(run: Run, command: CompleteAgentTask) -> tuple[ProducedArtifact, ...]:
    """Give the artifacts of the result, known ones too: a repeated version has no ArtifactCreated of its own."""
    return tuple(
        ProducedArtifact(
            artifact_id=artifacts.artifact_id_of(
                run.decision.tenant_id, run.project_id, output.name
            ),
            name=output.name,
            artifact_type=output.artifact_type,
            version=output.version,
            content_hash=output.content_hash,
            storage_ref=output.storage_ref,
        )
        for output in command.output_artifacts[:ARTIFACTS_MAX]
    )


def _send_back(
    run: Run, command: CompleteAgentTask, task: AgentTask, findings: tuple[str, ...]
) -> None:
    """Have the same task corrected with the findings, or fail the step where the corrections are used up."""
    fact = ValidationFailed(
        task_id=command.task_id,
        workflow_instance_id=run.instance_id,
        step_path=task.step_path,
        agent_role=task.agent_role,
        attempt=task.attempt,
        execution_id=command.execution_id,
        agent_id=command.agent_id,
        agent_version=command.agent_version,
        findings=findings,
    )
    source = run.record(fact)
    settle_result(run.decision, command, task, source)
    fault = Fault("validation", "; ".join(findings)[:1000], task_id=command.task_id)
    corrects = task.corrections < task.max_corrections
    _end_attempt(run, command, task, fault, again=corrects)
    if not corrects:
        run.failed(task.step_path, fault)
        return
    correction = CorrectionAttempted(
        task_id=command.task_id,
        workflow_instance_id=run.instance_id,
        correction=task.corrections + 1,
        attempt=task.attempt,
    )
    run.record(correction)
    run.begin(task.step_path)


def _fail(run: Run, command: CompleteAgentTask, task: AgentTask, fault: Fault) -> None:
    """Fail the step of a good result that the definition cannot shape."""
    source = _end_attempt(run, command, task, fault, again=False)
    settle_result(run.decision, command, task, source)
    run.failed(task.step_path, fault._replace(task_id=command.task_id))


def _end_attempt(
    run: Run, command: CompleteAgentTask, task: AgentTask, fault: Fault, *, again: bool
) -> EventId:
    fact = AgentTaskFailed(
        task_id=command.task_id,
        workflow_instance_id=run.instance_id,
        step_path=task.step_path,
        step_name=run.outline.task(task.step_path).node.name,
        agent_role=task.agent_role,
        attempt=task.attempt,
        failure_class=fault.failure_class,
        message=fault.message,
        execution_id=command.execution_id,
        agent_id=command.agent_id,
        retry_at=run.decision.at if again else None,
    )
    return run.record(fact)
