"""A small true history: a tenant with limits, a project, and a workflow whose one task is done, priced and settled."""

from typing import Any

from schemas.messages.artifacts.facts import ArtifactCreated, LineageEdge
from schemas.messages.costs.facts import UsageLine, UsageRecorded
from schemas.messages.envelope import Envelope
from schemas.messages.governance.facts import ApprovalRequested, PolicyDecisionRecorded
from schemas.messages.projects.commands import CreateProject
from schemas.messages.projects.facts import ProjectCreated
from schemas.messages.runtime.facts import CommandRejected
from schemas.messages.tenancy import facts as tenancy
from schemas.messages.tenancy.commands import ActivateSubscription, ActivateTenant, ProvisionTenant
from schemas.messages.workflow import facts as workflow
from schemas.messages.workflow.commands import (
    ClaimAgentTask,
    CompleteAgentTask,
    PauseWorkflow,
    StartWorkflow,
    ValidationReport,
)
from tests.unit.query.recorded import START, Recorded, uid
from topics import naming

LIMITS = {"workflows.active": 10, "tasks.active": 5, "cost.amount": 1_000_000}


def names(tenant: str, number: int = 1) -> dict[str, str]:
    """Give the ids of the tenant's story."""
    return {
        "wf": f"wf-{uid(f'{tenant}-wf-{number}')}",
        "task": f"task-{uid(f'{tenant}-task-{number}')}",
        "project": f"proj-{uid(f'{tenant}-project')}",
        "artifact": f"art-{uid(f'{tenant}-artifact-{number}')}",
        "source": f"art-{uid(f'{tenant}-source')}",
        "decision": f"pd-{uid(f'{tenant}-decision-{number}')}",
        "approval": f"apr-{uid(f'{tenant}-approval-{number}')}",
        "execution": f"exec-{uid(f'{tenant}-execution-{number}')}",
        "usage": f"use-{uid(f'{tenant}-usage-{number}')}",
        "subscription": f"sub-{uid(f'{tenant}-subscription')}",
    }


def amounts(**by: int) -> tuple[tenancy.QuotaAmount, ...]:
    """Give quota amounts; ``tasks_active`` is dimension tasks.active."""
    return tuple(
        tenancy.QuotaAmount(dimension=name.replace("_", "."), amount=amount)
        for name, amount in by.items()
    )


def uses(**by: int) -> tuple[tenancy.QuotaUse, ...]:
    """Give quota uses, named as amounts."""
    return tuple(
        tenancy.QuotaUse(dimension=name.replace("_", "."), amount=amount)
        for name, amount in by.items()
    )


def reserved(reservation_id: str, **by: int) -> tenancy.QuotaReserved:
    return tenancy.QuotaReserved(
        ledger_id="tenant", reservation_id=reservation_id, amounts=amounts(**by)
    )


def settled(
    reservation_id: str,
    had: tuple[tenancy.QuotaAmount, ...],
    used: tuple[tenancy.QuotaUse, ...],
) -> tenancy.QuotaSettled:
    return tenancy.QuotaSettled(
        ledger_id="tenant", reservation_id=reservation_id, reserved=had, actual=used
    )


def decided(ids: dict[str, str], effect: str = "Allow") -> PolicyDecisionRecorded:
    return PolicyDecisionRecorded(
        decision_id=ids["decision"],
        effect=effect,  # type: ignore[arg-type]
        action="task:assign",
        resource=ids["task"],
        principal_id="user:olga",
        roles=("TenantOwner",),
        bundle_hash="0" * 64,
        bundle_version="1.0",
        determining_rules=("platform@1.0.0#allow",),
        obligations=(),
        errors=(),
        shadow_rules=(),
        context_digest="0" * 64,
        context="{}",
    )


def assigned(ids: dict[str, str], attempt: int = 1) -> workflow.AgentTaskAssigned:
    return workflow.AgentTaskAssigned(
        task_id=ids["task"],
        workflow_instance_id=ids["wf"],
        step_path="do/0/plan",
        step_name="plan",
        agent_role="Planner",
        skill="ConnectSoft.Skill.Plan",
        skill_version="1.0.0",
        attempt=attempt,
        priority=3,
        reservation_id=f"{ids['task']}/{attempt}",
        decision_id=ids["decision"],
        model_policy="system/default@1.0.0",
        inputs="{}",
        intent="plan it",
        input_token_budget=1000,
        output_token_budget=1000,
        cost_budget=500,
        lease_token_hash=bytes(32),
        lease_expires_at=START + 60_000_000,
        lease_micros=60_000_000,
        deadline_at=START + 600_000_000,
        max_corrections=2,
    )


def completed(ids: dict[str, str]) -> workflow.AgentTaskCompleted:
    return workflow.AgentTaskCompleted(
        task_id=ids["task"],
        workflow_instance_id=ids["wf"],
        step_path="do/0/plan",
        step_name="plan",
        agent_role="Planner",
        attempt=1,
        execution_id=ids["execution"],
        agent_id="ConnectSoft.Agent.Planner",
        agent_version="1.0.0",
        skill="ConnectSoft.Skill.Plan",
        skill_version="1.0.0",
        output="{}",
        started_at=START,
        completed_at=START,
    )


def created(ids: dict[str, str]) -> ArtifactCreated:
    def edge(to_type: str, to_id: str, kind: str) -> LineageEdge:
        return LineageEdge(
            from_type="Artifact",
            from_id=ids["artifact"],
            to_type=to_type,  # type: ignore[arg-type]
            to_id=to_id,
            edge_type=kind,  # type: ignore[arg-type]
        )

    return ArtifactCreated(
        artifact_id=ids["artifact"],
        name="plan.md",
        artifact_type="document",
        version="1.0.0",
        content_hash="sha256:" + "0" * 64,
        storage_ref="file://plan.md",
        classification="Internal",
        produced_by_agent_id="ConnectSoft.Agent.Planner",
        produced_by_skill="ConnectSoft.Skill.Plan",
        task_id=ids["task"],
        workflow_instance_id=ids["wf"],
        project_id=ids["project"],
        edges=(
            edge("AgentTask", ids["task"], "PRODUCED_BY"),
            edge("Artifact", ids["source"], "DERIVED_FROM"),
            edge("PolicyDecision", ids["decision"], "DECIDED_BY"),
        ),
    )


def used(ids: dict[str, str], cost: int = 300) -> UsageRecorded:
    def line(dimension: str, quantity: int, amount: int) -> UsageLine:
        return UsageLine(
            dimension=dimension,
            quantity=quantity,
            provider="acme-ai",
            model="small",
            invocation_id=f"call-{ids['task'][-4:]}",
            unit_quantity=1000,
            unit_price=1000,
            cost=amount,
            price_list="system/default@1.0.0",
            price_basis="Listed",
        )

    return UsageRecorded(
        usage_id=ids["usage"],
        source_event_id="cmd-x",
        task_id=ids["task"],
        workflow_instance_id=ids["wf"],
        project_id=ids["project"],
        agent_id="ConnectSoft.Agent.Planner",
        skill="ConnectSoft.Skill.Plan",
        lines=(line("tokens.input", 100, 100), line("tokens.output", 200, cost - 100)),
        total_cost=cost,
        currency="USD",
    )


def requested(ids: dict[str, str]) -> ApprovalRequested:
    return ApprovalRequested(
        approval_id=ids["approval"],
        action="workflow:approve",
        resource=ids["wf"],
        title="Ship it?",
        subject_digest=bytes(32),
        approver_role="TenantOwner",
        quorum=1,
        four_eyes=True,
        expires_at=START + 3_600_000_000,
        period_micros=3_600_000_000,
        on_expiry="reject",
        requested_by="user:olga",
    )


def rejected(cause: Envelope, code: str = "POLICY_DENIED") -> CommandRejected:
    return CommandRejected(
        command_id=cause.event_id,
        command_type=cause.event_type,
        code=code,
        rule="policy platform@1.0.0 denies it",
        retryable=False,
        content_digest=bytes(32),
    )


def provision(log: Recorded, tenant: str) -> None:
    """Open the tenant and put it on an edition with LIMITS."""
    ids = names(tenant)
    log.decide(
        tenant,
        ProvisionTenant(display_name=tenant, region="eu", owner_principal_id="user:olga"),
        tenancy.TenantProvisioned(
            tenant_id=tenant,
            display_name=f"{tenant} Ltd",
            region="eu",
            owner_principal_id="user:olga",
        ),
    )
    log.decide(
        tenant,
        ActivateSubscription(
            subscription_id=ids["subscription"], edition_name="team", edition_version="1.0.0"
        ),
        tenancy.SubscriptionActivated(
            subscription_id=ids["subscription"],
            tenant_id=tenant,
            edition_name="team",
            edition_version="1.0.0",
            features=(),
            limits=tuple(
                tenancy.QuotaLimit(dimension=name, window="none", limit=limit)
                for name, limit in LIMITS.items()
            ),
        ),
    )
    log.decide(tenant, ActivateTenant(), tenancy.TenantActivated(tenant_id=tenant))
    log.decide(
        tenant,
        CreateProject(project_id=ids["project"], name="One", intent="Build it."),
        ProjectCreated(
            project_id=ids["project"],
            name="One",
            intent="Build it.",
            owner_principal_id="user:olga",
        ),
    )


def start(log: Recorded, tenant: str, number: int = 1) -> None:
    """Start a workflow: its task is decided on, reserved and assigned."""
    ids = names(tenant, number)
    log.decide(
        tenant,
        StartWorkflow(
            workflow_instance_id=ids["wf"],
            project_id=ids["project"],
            definition_name="plan",
            definition_version="1.0.0",
            input="{}",
        ),
        reserved(f"{ids['wf']}/run", workflows_active=1),
        workflow.WorkflowInstanceStarted(
            workflow_instance_id=ids["wf"],
            project_id=ids["project"],
            definition_owner="system",
            definition_name="plan",
            definition_version="1.0.0",
            title="Plan",
            input="{}",
            priority=3,
            started_by="user:olga",
            reservation_id=f"{ids['wf']}/run",
        ),
        decided(ids),
        reserved(f"{ids['task']}/1", tasks_active=1, cost_amount=500),
        assigned(ids),
        project_id=ids["project"],
        workflow_instance_id=ids["wf"],
    )


def finish(log: Recorded, tenant: str, number: int = 1) -> None:
    """Let an agent claim and complete the task; the workflow ends."""
    ids = names(tenant, number)
    scope: dict[str, Any] = {
        "project_id": ids["project"],
        "workflow_instance_id": ids["wf"],
        "task_id": ids["task"],
    }
    report = {
        "task_id": ids["task"],
        "execution_id": ids["execution"],
        "agent_id": "ConnectSoft.Agent.Planner",
        "agent_version": "1.0.0",
        "attempt": 1,
        "lease_token": "t",
    }
    claim = log.command(tenant, ClaimAgentTask(**report), topic=naming.AGENT_MESH_RESULTS)
    log.outcome(
        claim,
        workflow.AgentTaskClaimed(
            task_id=ids["task"],
            workflow_instance_id=ids["wf"],
            attempt=1,
            execution_id=ids["execution"],
            agent_id="ConnectSoft.Agent.Planner",
            agent_version="1.0.0",
            lease_expires_at=START + 90_000_000,
        ),
        **scope,
    )
    result = CompleteAgentTask(
        **report,
        output="{}",
        validation=ValidationReport(passed=True),
        started_at=START,
        completed_at=START,
    )
    log.outcome(
        log.command(tenant, result, topic=naming.AGENT_MESH_RESULTS),
        completed(ids),
        created(ids),
        used(ids),
        settled(
            f"{ids['task']}/1", amounts(tasks_active=1, cost_amount=500), uses(cost_amount=300)
        ),
        workflow.WorkflowInstanceCompleted(
            workflow_instance_id=ids["wf"], output="{}", archives_at=START + 1
        ),
        tenancy.QuotaReleased(
            ledger_id="tenant",
            reservation_id=f"{ids['wf']}/run",
            amounts=amounts(workflows_active=1),
            reason="ended",
        ),
        **scope,
    )


def refuse(log: Recorded, tenant: str) -> None:
    """Refuse a command."""
    cause = log.command(tenant, PauseWorkflow(workflow_instance_id=names(tenant)["wf"]))
    log.outcome(cause, rejected(cause))


def story(*tenants: str) -> Recorded:
    """Give the whole history of each tenant, interleaved as real ones are."""
    log = Recorded()
    for step in (provision, start, finish, refuse):
        for tenant in tenants:
            step(log, tenant)
    return log
