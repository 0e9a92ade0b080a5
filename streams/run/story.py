"""The main job, told: three tenants, a governed workflow, a refusal by role, one by quota, and the proof."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from schemas.edge_model import EdgeModel, model_of
from schemas.output import OperatorError
from streams.run.account import Account
from streams.run.seeds import PLATFORM_ADMIN, ask, known_facts, publish_seeds
from streams.run.tenants import make_ready
from topics.command import Actor, new_intent, uuid7
from topics.events import Event
from topics.outcome import Outcome
from topics.producer import CommandProducer

if TYPE_CHECKING:
    from schemas.messages.governance.facts import ApprovalRequested

WAIT_SECONDS: Final = 120
Told = Callable[[str], None]


class TenantPlan(NamedTuple):
    """A tenant of the story. acme and northwind lie on different partitions and workers, litware beside acme."""

    tenant_id: str
    name: str
    edition: str
    owner: str
    pools: dict[str, int]


TENANTS: Final = (
    TenantPlan("acme", "Acme", "team", "user:olga", {"Architect": 2, "Engineer": 2, "Reviewer": 2}),
    TenantPlan("northwind", "Northwind", "free", "user:nadia", {}),
    TenantPlan("litware", "Litware", "free", "user:lee", {}),
)
PEOPLE: Final = (
    ("user:sam", "Sam, architect", "SolutionArchitect"),
    ("user:vera", "Vera, viewer", "Viewer"),
)


def command(kind: str, /, **fields: Any) -> EdgeModel:
    """Give a command by its name and Python field names."""
    return model_of(kind).model_validate(fields)


class Story:
    """Sends the commands of the story and says what is to be expected of each."""

    def __init__(self, bootstrap: str, account: Account, told: Told) -> None:
        self._bootstrap = bootstrap
        self._account = account
        self._told = told
        self._producers: dict[str, CommandProducer] = {}
        self.failures: list[str] = []
        self.workflow = f"wf-{uuid7()}"

    def by(self, actor: str) -> CommandProducer:
        """Give the producer that speaks for an actor."""
        if actor not in self._producers:
            self._producers[actor] = CommandProducer(Actor("user", actor), self._bootstrap)
        return self._producers[actor]

    def tell(self) -> None:
        """Run the whole story. What does not happen as it should is kept in ``failures``."""
        self._told("seed assets of the platform")
        admin = self.by(PLATFORM_ADMIN)
        publish_seeds(admin, self._bootstrap, lambda what: self._told(f"  {what}"))
        for plan in TENANTS:
            self._provision(plan)
        self._people()
        project = self._project()
        self._governed_workflow(project)
        self._denied_command(project)
        self._beyond_quota()

    def _provision(self, plan: TenantPlan) -> None:
        known = known_facts(self._bootstrap, plan.tenant_id)
        make_ready(
            self.by(PLATFORM_ADMIN),
            plan.tenant_id,
            plan.owner,
            plan.edition,
            name=plan.name,
            known=known,
        )
        if ("AgentPoolSized",) not in known:
            for role, capacity in plan.pools.items():
                sized = command("SizeAgentPool", agent_role=role, capacity=capacity)
                ask(self.by(plan.owner), sized, plan.tenant_id)

    def _people(self) -> None:
        known = known_facts(self._bootstrap, "acme")
        owner = self.by("user:olga")
        for principal, name, role in PEOPLE:
            if ("PrincipalRegistered", principal) not in known:
                registered = command(
                    "RegisterPrincipal", principal_id=principal, kind="user", display_name=name
                )
                ask(owner, registered, "acme")
            if ("RoleGranted", principal, role) not in known:
                ask(owner, command("GrantRole", principal_id=principal, role=role), "acme")

    def _project(self) -> str:
        project = f"proj-{uuid7()}"
        owner, intent = self.by("user:olga"), new_intent()
        created = command(
            "CreateProject",
            project_id=project,
            name=f"Order service {project[-6:]}",
            intent="Take orders over HTTP and keep them.",
            origin="cli",
        )
        ask(owner, created, "acme", intent=intent)
        ask(owner, command("InitializeProject", project_id=project), "acme", intent=intent)
        return project

    def _governed_workflow(self, project: str) -> None:
        started = command(
            "StartWorkflow",
            workflow_instance_id=self.workflow,
            definition_owner="system",
            definition_name="governed-delivery",
            definition_version="",
            project_id=project,
            input=json.dumps({"product": "order service", "difficulty": "hard"}),
            priority=3,
        )
        ask(self.by("user:olga"), started, "acme")
        request = self._wait("ApprovalRequested", "acme", self.workflow)
        if request is None:
            return
        self._told("Sam, who holds SolutionArchitect and did not start it, grants the approval")
        asked = cast("ApprovalRequested", request.payload)
        granted = command(
            "GrantApproval", approval_id=asked.approval_id, comment="the design is sound"
        )
        ask(self.by("user:sam"), granted, "acme")
        self._wait("WorkflowInstanceCompleted", "acme", self.workflow)
        for fact in ("ValidationFailed", "CorrectionAttempted"):
            self._wait(fact, "acme", self.workflow)

    def _wait(self, fact: str, tenant: str, workflow: str) -> Event | None:
        def is_it(event: Event) -> bool:
            envelope = event.envelope
            return (envelope.event_type, envelope.tenant_id, envelope.workflow_instance_id) == (
                fact,
                tenant,
                workflow,
            )

        event = self._account.wait_for(is_it, WAIT_SECONDS)
        if event is None:
            self.failures.append(f"{fact} of {workflow} did not come within {WAIT_SECONDS} s")
        return event

    def _denied_command(self, project: str) -> None:
        self._told("Vera, who may only look, tries to start the same workflow")
        outcome = self.by("user:vera").ask(self._start(project), "acme")
        self._expect_refusal(outcome, {"FORBIDDEN", "POLICY_DENIED"})

    def _start(self, project: str | None = None) -> EdgeModel:
        return command(
            "StartWorkflow",
            workflow_instance_id=f"wf-{uuid7()}",
            definition_owner="system",
            definition_name="governed-delivery",
            definition_version="",
            project_id=project,
            input=json.dumps({"product": "order service", "difficulty": "easy"}),
            priority=3,
        )

    def _beyond_quota(self) -> None:
        self._told("Northwind starts workflows until its edition's limit refuses one")
        owner = self.by("user:nadia")
        running: list[str] = []
        for _ in range(50):
            start = self._start()
            outcome = owner.ask(start, "northwind")
            if outcome.rejection is not None:
                self._expect_refusal(outcome, {"QUOTA_EXCEEDED"})
                break
            running.append(start.workflow_instance_id)  # type: ignore[attr-defined]
        else:
            self.failures.append("Northwind was never refused beyond its quota")
        self._told(
            "Northwind has no agents: the work waits, and is cancelled to give the quota back"
        )
        for workflow in running:
            cancelled = command(
                "CancelWorkflow", workflow_instance_id=workflow, reason="story told"
            )
            ask(owner, cancelled, "northwind")

    def _expect_refusal(self, outcome: Outcome, codes: set[str]) -> None:
        code = outcome.rejection.code if outcome.rejection is not None else "accepted"
        if code not in codes:
            self.failures.append(f"expected one of {sorted(codes)}, got {code}")

    def close(self) -> None:
        """Let go of the broker."""
        for producer in self._producers.values():
            producer.close()


class Proof(NamedTuple):
    """One of our own commands, run to show what was proved: arguments and whose token it needs."""

    arguments: tuple[str, ...]
    tenant: str
    role: str


def proofs(workflow: str) -> tuple[Proof, ...]:
    """Give the commands that end the story: cost, lineage, explanation, replay, verification."""
    return (
        Proof(("workflow", "show", workflow), "acme", "Viewer"),
        Proof(("cost", "report", "--by", "agent"), "acme", "Viewer"),
        Proof(("lineage", "show", "--workflow", workflow), "acme", "Viewer"),
        Proof(("replay", "--tenant", "acme"), "acme", "Viewer"),
        Proof(("verify",), "system", "PlatformAdmin"),
    )


def run_proof(proof: Proof, told: Told) -> bool:
    """Run one command as a user would, with its output on the screen; give whether it ended with 0."""
    told(f"$ factory {' '.join(proof.arguments)}")
    environment = {**os.environ, "FACTORY_TOKEN": _token(proof.tenant, proof.role)}
    ended = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "streams.cli", *proof.arguments], env=environment, check=False
    )
    return ended.returncode == 0


def _token(tenant: str, role: str) -> str:
    issued = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "streams.cli", "token", "issue", "--tenant", tenant, "--role", role],
        capture_output=True,
        text=True,
        check=False,
    )
    if issued.returncode != 0:
        raise OperatorError(f"No token for {tenant}: {issued.stderr.strip()}")
    return issued.stdout.strip()
