"""An assignment as the control plane sends it, for tests of the agent side."""

import time

from schemas.ids import ProjectId, TaskId, TenantId, WorkflowInstanceId
from schemas.messages.workflow.messages import AgentTaskAssignment, ContextRequest, TaskConstraints


def assignment(
    skill: str, inputs: str, findings: tuple[str, ...] = (), attempt: int = 1
) -> AgentTaskAssignment:
    """Give an assignment of a skill whose lease runs for half a minute from now."""
    now = time.time_ns() // 1000
    return AgentTaskAssignment(
        task_id=TaskId("task-00000000-0000-4000-8000-000000000001"),
        tenant_id=TenantId("acme"),
        project_id=ProjectId("proj-00000000-0000-4000-8000-000000000001"),
        module_id=None,
        workflow_instance_id=WorkflowInstanceId("wf-00000000-0000-4000-8000-000000000001"),
        trace_id="0" * 32,
        correlation_id="corr-1",
        traceparent=f"00-{'0' * 32}-{'0' * 16}-01",
        created_at=now,
        status="Assigned",
        agent_role="Engineer",
        requested_skill=skill,
        skill_version="1.0.0",
        step_name="step",
        attempt=attempt,
        priority=3,
        lease_token="token",  # noqa: S106 - no secret, a test's
        lease_expires_at=now + 30_000_000,
        lease_micros=30_000_000,
        intent="Do it.",
        inputs=inputs,
        context_request=ContextRequest(scope=(), token_budget=1000),
        constraints=TaskConstraints(
            model_policy_id="standard",
            max_correction_attempts=2,
            deadline=now + 60_000_000,
            output_token_budget=1000,
        ),
        correction=len(findings),
        findings=findings,
    )
