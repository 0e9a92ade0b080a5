"""A tenant with everything that a workflow needs: people, agents, skills, prices, policies, and room for them."""

from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from processors import pipeline
from schemas.ids import (
    ExecutionId,
    LedgerId,
    PrincipalId,
    SubscriptionId,
    TaskId,
    TenantId,
    WorkflowInstanceId,
)
from schemas.messages.agents import facts as agents
from schemas.messages.costs.facts import Price, PriceListPublished
from schemas.messages.governance.facts import PolicyPublished
from schemas.messages.identity.facts import PrincipalRegistered, RoleGranted
from schemas.messages.tenancy import facts as tenancy
from schemas.messages.workflow.commands import (
    ClaimAgentTask,
    CompleteAgentTask,
    FailAgentTask,
    HeartbeatAgentTask,
    ModelInvocation,
    OutputArtifact,
    ReportAgentProgress,
    StartWorkflow,
    ValidationReport,
)
from schemas.messages.workflow.messages import AgentTaskAssignment
from tests.unit.scenario import Scenario

SEEDS = Path(__file__).parents[3] / "definitions"
ROLE, SKILL, AGENT = "Adder", "ConnectSoft.Skill.AddOne", "ConnectSoft.Agent.Adder"
OTHER_AGENT = "ConnectSoft.Agent.Other"
INSTANCE = WorkflowInstanceId("wf-00000000-0000-4000-8000-000000000001")
EXECUTION = ExecutionId("exec-00000000-0000-4000-8000-000000000001")
OTHER_EXECUTION = ExecutionId("exec-00000000-0000-4000-8000-000000000002")
UNKNOWN_TASK = TaskId("task-00000000-0000-4000-8000-00000000dead")
OPERATOR, OWNER = PrincipalId("user:olga"), PrincipalId("user:otto")
MESH = PrincipalId("service:mesh")
TOKENS = 1_000
"""Input tokens, and output tokens, that a task of these tests may use."""
COST = 6_000
"""Micros: what a task may cost at most, 1,000 tokens in at 1.00 and out at 5.00 a million."""

ANSWERS = (
    ClaimAgentTask,
    HeartbeatAgentTask,
    ReportAgentProgress,
    CompleteAgentTask,
    FailAgentTask,
)


def seed(path: str) -> Any:
    """Give a seed asset's YAML."""
    return yaml.safe_load((SEEDS / path).read_text())


def catalogue() -> list[Any]:
    """Give the facts of tenant ``system``: skill, agents, model policy, prices, policies."""
    skill, models, prices = (
        seed("skills/add-one.yaml")["publish"],
        seed("model-policies/economy.yaml"),
        seed("prices/standard.yaml"),
    )
    return [
        agents.SkillRegistered(name=SKILL, description="Adds one."),
        agents.SkillVersionPublished(
            name=SKILL,
            version="1.0.0",
            input_schema=skill["inputSchema"],
            output_schema=skill["outputSchema"],
            tools=(),
            permissions=(),
            model_expectation="",
            validation_rules=("schema",),
        ),
        *_agent(AGENT, SKILL),
        *_agent(OTHER_AGENT, "ConnectSoft.Skill.Other"),
        agents.ModelPolicyPublished(
            name=models["name"],
            version=models["version"],
            models=tuple(
                agents.AllowedModel(
                    provider=m["provider"], model=m["model"], capability_class=m["capabilityClass"]
                )
                for m in models["models"]
            ),
            call_input_tokens_max=models["callInputTokensMax"],
            call_output_tokens_max=models["callOutputTokensMax"],
            task_input_tokens_max=models["taskInputTokensMax"],
            task_output_tokens_max=models["taskOutputTokensMax"],
            classification_ceiling=models["classificationCeiling"],
        ),
        PriceListPublished(
            name=prices["name"],
            version=prices["version"],
            currency=prices["currency"],
            prices=tuple(_price(p) for p in prices["prices"]),
        ),
        PrincipalRegistered(principal_id=MESH, kind="service", display_name="Mesh"),
        RoleGranted(principal_id=MESH, role="AgentMesh"),
        *(_policy(seed(f"policies/{name}.yaml")) for name in ("roles", "risk")),
    ]


def _agent(name: str, skill: str) -> list[Any]:
    binding = agents.SkillBinding(owner="system", skill=skill, version_range="^1.0.0")
    return [
        agents.AgentRegistered(name=name, cluster="Engineering", description="For tests."),
        agents.AgentVersionPublished(
            name=name,
            version="1.0.0",
            agent_roles=(ROLE,),
            prompt_strategy="none",
            corrections_max=1,
            bindings=(binding,),
            model_policy="system/economy",
            permission_scope=(),
            tool_permissions=(),
        ),
    ]


def _price(row: dict[str, Any]) -> Price:
    return Price(
        provider=row["provider"],
        model=row["model"],
        dimension=row["dimension"],
        unit_quantity=row["unitQuantity"],
        unit_price=round(float(row["unitPrice"]) * 1_000_000),
    )


def _policy(row: dict[str, Any]) -> PolicyPublished:
    return policy(row["name"], row["text"], row["version"])


def policy(name: str, text: str, version: str = "1.0.0") -> PolicyPublished:
    """Give the fact that publishes an enforced policy."""
    return PolicyPublished(
        policy_id=f"{name}/{version}",
        name=name,
        version=version,
        domain="risk",
        mode="enforce",
        text=text,
    )


def tenant(scenario: Scenario, capacity: int = 10) -> Scenario:
    """Give the scenario an active tenant with an operator, an owner and a pool."""
    name = scenario.tenant_id
    return scenario.given(
        tenancy.TenantProvisioned(
            tenant_id=name,
            display_name="Acme",
            region="eu-west",
            isolation="shared",
            owner_principal_id=OWNER,
        ),
        tenancy.SubscriptionActivated(
            subscription_id=SubscriptionId("sub-00000000-0000-4000-8000-000000000001"),
            tenant_id=name,
            edition_name="team",
            edition_version="1.0.0",
            features=(),
            limits=(),
        ),
        tenancy.TenantActivated(tenant_id=name),
        PrincipalRegistered(principal_id=OPERATOR, kind="user", display_name="Olga"),
        RoleGranted(principal_id=OPERATOR, role="FactoryOperator"),
        PrincipalRegistered(principal_id=OWNER, kind="user", display_name="Otto"),
        RoleGranted(principal_id=OWNER, role="TenantOwner"),
        agents.AgentPoolSized(agent_role=ROLE, capacity=capacity),
    )


def world(*, capacity: int = 10) -> Scenario:
    """Give a scenario in which a workflow can be started."""
    scenario = Scenario(actor=OPERATOR)
    scenario.given_system(*catalogue())
    return tenant(scenario, capacity)


def limit(dimension: str, amount: int) -> tenancy.QuotaOverridden:
    """Give the fact of a hard limit without a window."""
    return tenancy.QuotaOverridden(
        ledger_id=LedgerId("tenant"),
        dimension=dimension,
        window="none",
        limit=amount,
        hard=True,
        warn_at_percent=80,
        set_by="tenant",
        reason="test",
    )


def suspended() -> tenancy.TenantSuspended:
    """Give the fact that suspends the tenant."""
    return tenancy.TenantSuspended(tenant_id=TenantId("acme"), reason="test")


def start(name: str, document: str = "{}", instance: str = INSTANCE, **more: Any) -> StartWorkflow:
    """Give the command that starts the newest version of a definition of ``system``."""
    return StartWorkflow(
        workflow_instance_id=WorkflowInstanceId(instance),
        definition_name=name,
        input=document,
        **more,
    )


def answering(assignment: AgentTaskAssignment, **more: Any) -> dict[str, Any]:
    """Give what every answer to an assignment says of its lease."""
    return {
        "task_id": assignment.task_id,
        "execution_id": EXECUTION,
        "agent_id": AGENT,
        "attempt": assignment.attempt,
        "lease_token": assignment.lease_token,
        **more,
    }


def claim(assignment: AgentTaskAssignment, **more: Any) -> ClaimAgentTask:
    """Give a claim of the assignment."""
    return ClaimAgentTask(agent_version="1.0.0", **answering(assignment, **more))


def heartbeat(assignment: AgentTaskAssignment, **more: Any) -> HeartbeatAgentTask:
    """Give a sign of life."""
    return HeartbeatAgentTask(**answering(assignment, **more))


def progress(assignment: AgentTaskAssignment, **more: Any) -> ReportAgentProgress:
    """Give a report of progress."""
    return ReportAgentProgress(phase="Executing", percent=40, **answering(assignment, **more))


def call(number: int = 1, model: str = "reference-small") -> ModelInvocation:
    """Give a model call of 100 tokens read and 10 written."""
    return ModelInvocation(
        invocation_id=f"inv-{number}",
        provider="reference",
        model=model,
        input_tokens=100,
        output_tokens=10,
    )


def complete(
    assignment: AgentTaskAssignment, output: str = '{"value":1}', **more: Any
) -> CompleteAgentTask:
    """Give a result of the assignment."""
    more.setdefault("validation", ValidationReport(passed=True))
    more.setdefault("agent_version", "1.0.0")
    return CompleteAgentTask(
        output=output, started_at=1, completed_at=2, **answering(assignment, **more)
    )


def failing(
    assignment: AgentTaskAssignment, failure_class: str = "external", **more: Any
) -> FailAgentTask:
    """Give the report of a failed attempt."""
    more.setdefault("agent_version", "1.0.0")
    more.setdefault("message", "it broke")
    return FailAgentTask(
        failure_class=failure_class,  # type: ignore[arg-type]
        **answering(assignment, **more),
    )


def artifact(name: str = "report", digest: str = "a" * 64) -> OutputArtifact:
    """Give an artifact of a result."""
    return OutputArtifact(
        name=name,
        artifact_type="document",
        version="1.0.0",
        content_hash=f"sha256:{digest}",
        storage_ref=f"blob://store/{name}",
        classification="Internal",
    )


def act(scenario: Scenario, command: Struct, **cause: Any) -> Scenario:
    """Send a command through the whole pipeline: agents' answers as the mesh, others as the operator."""
    if isinstance(command, ANSWERS):
        cause = {"actor_id": MESH, "actor_type": "service", **cause}
    return scenario.through_pipeline(command, **cause)


def happen(scenario: Scenario, fact: Struct) -> Scenario:
    """Let a fact of another context happen, with all that follows it."""
    decision = scenario.decide()
    decision.record(fact)
    pipeline.follow(decision)
    return scenario._done()


def assignment_of(scenario: Scenario, index: int = -1) -> AgentTaskAssignment:
    """Give an assignment that the last decision sent."""
    found = [m for m in scenario.sent if isinstance(m, AgentTaskAssignment)]
    return found[index]


def names(scenario: Scenario) -> list[str]:
    """Give the names of the last decision's facts."""
    return [type(fact).__name__ for fact in scenario.facts]
