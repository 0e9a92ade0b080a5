"""Whether a result is acceptable: an agent's answer is hostile input (domain.md §5.3)."""

from processors import agents, artifacts
from processors.workflow.definition.model import CallAgentTask
from processors.workflow.documents import decode, encode
from processors.workflow.fault import StepFaultError
from processors.workflow.need import skill_of
from processors.workflow.run import Run
from processors.workflow.state import AgentTask
from schemas.messages.workflow.commands import CompleteAgentTask
from schemas.messages.workflow.facts import ModelPolicyBreached

FINDINGS_MAX = 50
FINDING_CHARACTERS_MAX = 300
INSTANT_MAX = 253_402_300_799_999_999
"""The last microsecond of the year 9999: readers of our facts have no later instant."""


def findings_of(
    run: Run, call: CallAgentTask, task: AgentTask, command: CompleteAgentTask
) -> tuple[str, ...]:
    """List what is wrong with a result, one sentence each; a breach of the model policy is recorded besides."""
    found = [
        *_of_validation(command),
        *_of_times(command),
        *_of_output(run, call, task, command),
        *artifacts.check_outputs(
            command.output_artifacts,
            decision=run.decision,
            project_id=run.project_id,
            input_artifact_ids=command.input_artifact_ids,
        ),
        *_of_models(run, task, command),
    ]
    return tuple(finding[:FINDING_CHARACTERS_MAX] for finding in found[:FINDINGS_MAX])


def _of_validation(command: CompleteAgentTask) -> list[str]:
    if command.validation.passed:
        return []
    return list(command.validation.findings) or ["the agent's own validation did not pass"]


def _of_times(command: CompleteAgentTask) -> list[str]:
    times = {"startedAt": command.started_at, "completedAt": command.completed_at}
    return [
        f"{name}: an instant of the years 1970 to 9999 is expected"
        for name, micros in times.items()
        if not 0 <= micros <= INSTANT_MAX
    ]


def _of_output(
    run: Run, call: CallAgentTask, task: AgentTask, command: CompleteAgentTask
) -> list[str]:
    skill = skill_of(run.decision, call, task.skill_version)
    found = agents.check_output(skill, command.output)
    if found:
        return found
    try:
        encode(decode(command.output))
    except StepFaultError as error:
        return [f"output: {error.fault.message}"]
    return []


def _of_models(run: Run, task: AgentTask, command: CompleteAgentTask) -> list[str]:
    policy = agents.resolve_model_policy(run.decision, task.model_policy)
    if policy is None:
        raise AssertionError(f"{task.model_policy} was assigned under and is not published")
    breaches = agents.check_models(policy, command.model_invocations)
    if breaches:
        fact = ModelPolicyBreached(
            task_id=command.task_id,
            workflow_instance_id=run.instance_id,
            attempt=task.attempt,
            execution_id=command.execution_id,
            agent_id=command.agent_id,
            model_policy=task.model_policy,
            breaches=tuple(b[:FINDING_CHARACTERS_MAX] for b in breaches[:FINDINGS_MAX]),
        )
        run.record(fact)
    return breaches
