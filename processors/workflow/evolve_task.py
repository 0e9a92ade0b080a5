"""How an agent task and its step follow from the task's facts."""

from msgspec.structs import replace

from processors.contract import Meta, Tables
from processors.workflow.evolve_instance import no_longer_escalated, step_of
from processors.workflow.evolve_queue import leave_queue
from processors.workflow.evolve_step import close
from processors.workflow.state import (
    AgentTask,
    HeldReservation,
    StepStatus,
    TaskArtifact,
    WorkflowStep,
    step_id,
)
from schemas.ids import TaskId
from schemas.messages.tenancy.facts import QuotaReleased, QuotaSettled
from schemas.messages.workflow import facts

VALIDATION = "validation"
"""Failure class of a result that is not acceptable; it is corrected, never retried."""


def task_of(tables: Tables, task_id: TaskId) -> AgentTask:
    """Give the task that a fact presupposes."""
    found = tables.get(AgentTask, task_id)
    if found is None:
        raise AssertionError(f"a fact of agent task {task_id}, which was never assigned")
    return found


def assigned(tables: Tables, fact: facts.AgentTaskAssigned, _: Meta) -> None:
    """Give the task out: a new attempt, nobody holds it yet."""
    old = tables.get(AgentTask, fact.task_id)
    begun_anew = old is None or old.status == "Failed"  # a person's retry counts from the start
    tables.put(
        fact.task_id,
        AgentTask(
            workflow_instance_id=fact.workflow_instance_id,
            step_path=fact.step_path,
            agent_role=fact.agent_role,
            skill=fact.skill,
            skill_version=fact.skill_version,
            status="Assigned",
            attempt=fact.attempt,
            priority=fact.priority,
            reservation_id=fact.reservation_id,
            decision_id=fact.decision_id,
            model_policy=fact.model_policy,
            input_token_budget=fact.input_token_budget,
            output_token_budget=fact.output_token_budget,
            cost_budget=fact.cost_budget,
            lease_token_hash=fact.lease_token_hash,
            lease_expires_at=fact.lease_expires_at,
            lease_micros=fact.lease_micros,
            deadline_at=fact.deadline_at,
            max_corrections=fact.max_corrections,
            corrections=0 if old is None or begun_anew else old.corrections,
            expiries=0 if old is None or begun_anew else old.expiries,
            failures=0 if old is None or begun_anew else old.failures,
        ),
    )
    _await_agent(tables, fact)


def _await_agent(tables: Tables, fact: facts.AgentTaskAssigned) -> None:
    record_id = step_id(fact.workflow_instance_id, fact.step_path)
    step = tables.get(WorkflowStep, record_id)
    if step is not None:
        leave_queue(tables, step)
        no_longer_escalated(tables, fact.workflow_instance_id, step)
    tables.put(
        record_id,
        WorkflowStep(
            step_name=fact.step_name,
            kind="agentTask",
            status="AwaitingAgent",
            attempt=step.attempt if step is not None else 1,
            task_id=fact.task_id,
            timeout_at=fact.timeout_at,
        ),
    )


def claimed(tables: Tables, fact: facts.AgentTaskClaimed, _: Meta) -> None:
    """Bind the task to the agent and its execution."""
    bound = replace(
        task_of(tables, fact.task_id),
        status="Claimed",
        execution_id=fact.execution_id,
        agent_id=fact.agent_id,
        lease_expires_at=fact.lease_expires_at,
    )
    tables.put(fact.task_id, bound)


def extended(
    tables: Tables, fact: facts.AgentLeaseExtended | facts.AgentTaskProgressed, _: Meta
) -> None:
    """Move the end of the lease."""
    task = task_of(tables, fact.task_id)
    tables.put(fact.task_id, replace(task, lease_expires_at=fact.lease_expires_at))


def not_acceptable(tables: Tables, fact: facts.ValidationFailed, _: Meta) -> None:
    """Keep what is wrong for the next attempt; AgentTaskFailed, which follows, ends this one."""
    task = task_of(tables, fact.task_id)
    tables.put(fact.task_id, replace(task, findings=fact.findings))


def corrected(tables: Tables, fact: facts.CorrectionAttempted, _: Meta) -> None:
    """Count a correction."""
    task = task_of(tables, fact.task_id)
    tables.put(fact.task_id, replace(task, corrections=fact.correction))


def completed(tables: Tables, fact: facts.AgentTaskCompleted, _: Meta) -> None:
    """Close the task and its step with the output."""
    task = task_of(tables, fact.task_id)
    done = replace(
        task,
        status="Completed",
        execution_id=fact.execution_id,
        agent_id=fact.agent_id,
        findings=(),
        artifacts=tuple(_kept(artifact) for artifact in fact.artifacts),
    )
    tables.put(fact.task_id, done)
    closed = WorkflowStep(
        step_name=fact.step_name,
        kind="agentTask",
        status="Completed",
        output=fact.output,
        task_id=fact.task_id,
    )
    close(tables, fact.workflow_instance_id, fact.step_path, closed)


def _kept(artifact: facts.ProducedArtifact) -> TaskArtifact:
    return TaskArtifact(
        artifact_id=artifact.artifact_id,
        name=artifact.name,
        artifact_type=artifact.artifact_type,
        version=artifact.version,
        content_hash=artifact.content_hash,
        storage_ref=artifact.storage_ref,
    )


def failed(tables: Tables, fact: facts.AgentTaskFailed, meta: Meta) -> None:
    """Free the task: until its next attempt, or for good. A correction comes at once and is no retry."""
    task = task_of(tables, fact.task_id)
    again = fact.retry_at is not None
    later = fact.retry_at is not None and fact.retry_at > meta.at
    freed = replace(
        task,
        status="AwaitingRetry" if later else "Ready" if again else "Failed",
        retry_at=fact.retry_at if later else None,
        failures=task.failures + (fact.failure_class != VALIDATION),
        execution_id=None,
        agent_id=None,
    )
    tables.put(fact.task_id, freed)
    if later:
        _set_status(tables, task, "AwaitingTimer")


def _set_status(tables: Tables, task: AgentTask, status: StepStatus) -> None:
    step = step_of(tables, task.workflow_instance_id, task.step_path)
    record_id = step_id(task.workflow_instance_id, task.step_path)
    tables.put(record_id, replace(step, status=status))


def expired(tables: Tables, fact: facts.AgentTaskExpired, meta: Meta) -> None:
    """Free the task and hold its reservation until the agent says what it spent, or the grace ends."""
    task = task_of(tables, fact.task_id)
    freed = replace(
        task,
        status="Ready" if fact.again else "Failed",
        expiries=task.expiries + 1,
        execution_id=None,
        agent_id=None,
    )
    tables.put(fact.task_id, freed)
    _hold_reservation(tables, fact.task_id, task, fact.settles_at, meta)


def _hold_reservation(
    tables: Tables, task_id: TaskId, task: AgentTask, settles_at: int, meta: Meta
) -> None:
    tables.put(
        task.reservation_id,
        HeldReservation(
            workflow_instance_id=task.workflow_instance_id,
            task_id=task_id,
            attempt=task.attempt,
            project_id=meta.scope.project_id,
            input_tokens=task.input_token_budget,
            output_tokens=task.output_token_budget,
            cost=task.cost_budget,
            settles_at=settles_at,
        ),
    )


def withdrawn(tables: Tables, fact: facts.AgentTaskWithdrawn, meta: Meta) -> None:
    """Take the task back for good."""
    task = task_of(tables, fact.task_id)
    back = replace(task, status="Withdrawn", retry_at=None, execution_id=None, agent_id=None)
    tables.put(fact.task_id, back)
    if fact.settles_at is not None:
        _hold_reservation(tables, fact.task_id, task, fact.settles_at, meta)


def reservation_ended(tables: Tables, fact: QuotaSettled | QuotaReleased, _: Meta) -> None:
    """Forget a held reservation that tenancy has settled or given back."""
    if fact.reservation_id is not None:
        tables.delete(HeldReservation, fact.reservation_id)
