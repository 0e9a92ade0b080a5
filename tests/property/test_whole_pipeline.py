"""Any history of several tenants on one partition, through the real cycle: the log and the state stay sound.

Only the broker is missing. What is checked afterwards is what ``factory verify`` checks, with the replay of the facts,
and what only the state can tell: places, reservations, isolation, memory over a restore.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from processors.workflow.state import TERMINAL
from schemas.codec import encode_state
from schemas.ids import SYSTEM, PrincipalId, SubscriptionId
from schemas.messages.agents.commands import SizeAgentPool
from schemas.messages.agents.state import AgentPool
from schemas.messages.governance.commands import (
    DefinePolicy,
    GrantApproval,
    PublishPolicy,
    RejectApproval,
)
from schemas.messages.governance.state import Approval
from schemas.messages.identity.commands import GrantRole, RegisterPrincipal
from schemas.messages.tenancy import commands as tenancy
from schemas.messages.tenancy.state import QuotaReservation
from schemas.messages.workflow import commands
from schemas.messages.workflow.messages import AgentTaskAssignment
from schemas.messages.workflow.state import AgentTask, WorkflowInstance, WorkflowStep
from streams.run.seeds import AGENT_MESH, PLATFORM_ADMIN, seeds
from tests.property.plant import HOME, TENANTS, Plant
from tests.property.workflow_chance import Chance
from tests.simulation.check_state import state_follows_from_facts
from tests.simulation.evidence import Evidence
from tests.unit.workflow.definitions import NAME, text
from tests.unit.workflow.world import (
    ROLE,
    call,
    claim,
    complete,
    failing,
    heartbeat,
    progress,
    start,
)
from topics import naming
from topics.command import checked

ACTS: Final = 150
HEAL_MAX: Final = 400
DAY_US: Final = 86_400_000_000
ASK: Final = """@id("ask") @effect("requiresApproval")
forbid (principal, action == Factory::Action::"agent-task:assign", resource)
when { context.attempt > 1 };"""


def owner_of(tenant: str) -> str:
    """Give a tenant's owner."""
    return f"user:{tenant}"


def canary_of(tenant: str) -> str:
    """Give words that only one tenant's people say."""
    return f"canary of {tenant}"


class Life:
    """Lets people, agents, time and defects act on a plant; all choices follow from one seed."""

    def __init__(self, seed: int, *, restores: bool) -> None:
        self.random = Random(seed)  # noqa: S311  # chance that can be drawn again, no secret
        self.plant = Plant()
        self.restores = restores
        self.instances = 0
        self.policies = 0
        self._establish()

    # -- people ---------------------------------------------------------------------------------------
    def by(self, actor: str, command: Struct, tenant: str) -> None:
        """Send a command that must be decided without a defect."""
        self.plant.send(tenant, command, actor)

    def say(self, tenant: str, command: Struct) -> None:
        """Send a tenant's command; one in thirty meets a defect, one in ten comes twice."""
        broken = self.random.random() < 0.03
        self.plant.send(tenant, command, owner_of(tenant), broken=broken)
        if self.random.random() < 0.1:
            self.plant.again(*self.plant.commands[-1])

    def _establish(self) -> None:
        for each in seeds():
            self.by(PLATFORM_ADMIN, checked(each.command), SYSTEM)
        definition = commands.PublishWorkflowDefinition(
            name=NAME, version="1.0.0", definition=text(Chance(self.random).do())
        )
        self.by(PLATFORM_ADMIN, definition, SYSTEM)
        for number, tenant in enumerate(TENANTS):
            self._provision(tenant, number)
        self.plant.run(self.random)

    def _provision(self, tenant: str, number: int) -> None:
        owner, second = PrincipalId(owner_of(tenant)), PrincipalId(f"{owner_of(tenant)}-2")
        subscription = SubscriptionId(f"sub-00000000-0000-4000-8000-{number:012d}")
        for command in (
            tenancy.ProvisionTenant(display_name=tenant, region="eu", owner_principal_id=owner),
            tenancy.ActivateSubscription(
                subscription_id=subscription, edition_name="team", edition_version="1.0.0"
            ),
            tenancy.ActivateTenant(),
            RegisterPrincipal(principal_id=second, kind="user", display_name=canary_of(tenant)),
            GrantRole(principal_id=second, role="TenantOwner"),
        ):
            self.by(PLATFORM_ADMIN, command, tenant)
        self.by(owner, SizeAgentPool(agent_role=ROLE, capacity=self.random.randint(1, 4)), tenant)

    # -- one act --------------------------------------------------------------------------------------
    def live(self) -> None:
        """Live through it, then heal everything, so that what can end ends."""
        for _ in range(ACTS):
            tenant = self.random.choice(TENANTS)
            self.random.choice(self._acts())(tenant)
            self._advance(self.random.randint(0, 20_000_000))
        self._heal()

    def _advance(self, micros: int) -> None:
        self.plant.log.now = max(1, self.plant.log.now + micros)
        self.plant.run(self.random)
        if self.random.random() < 0.15 and self.restores:
            self.plant.restore()
        check_now(self.plant)

    def _acts(self) -> Sequence[Callable[[str], None]]:
        return (
            [self._start] * 4
            + [self._answer] * 12
            + [self._fire] * 3
            + [self._approve] * 3
            + [self._escalation] * 2
            + [self._pause, self._resume, self._cancel, self._suspend, self._reactivate]
            + [self._quota, self._resize, self._policy, self._jump, self._duplicate]
        )

    def _start(self, tenant: str) -> None:
        self.instances += 1
        instance = f"wf-00000000-0000-4000-8000-{self.instances:012d}"
        document = f'{{"n":{self.random.randint(0, 7)},"value":1,"word":"{canary_of(tenant)}"}}'
        name = self.random.choice([NAME, NAME, "add-five"])
        self.say(tenant, start(name, document, instance, priority=self.random.randint(1, 5)))

    def _answer(self, tenant: str) -> None:
        """Answer some assignment: live or past, of either tenant, under the own or a foreign name."""
        open_ = [(t, m) for t, m in self.plant.sent if self._lives(t, m)]
        past = self.random.random() < 0.15 or not open_
        if not self.plant.sent:
            return
        owner, message = self.random.choice(self.plant.sent if past else open_)
        answer = self._any_answer(message)
        if self.random.random() < 0.05:
            owner = tenant  # may be another's
        if self.random.random() < 0.05:
            answer = claim(message, lease_token="k1.forged")  # noqa: S106  # must not pass
        broken = self.random.random() < 0.03
        self.plant.send(owner, answer, AGENT_MESH, "service", broken=broken)

    def _any_answer(self, message: AgentTaskAssignment) -> Struct:
        used: dict[str, Any] = {"model_invocations": (call(self.random.randint(0, 99)),)}
        return self.random.choice(
            [
                claim(message),
                heartbeat(message),
                progress(message),
                *[complete(message, **used)] * 6,
                complete(message, "[]", **used),
                failing(message, "external", **used),
                failing(message, "agent", **used),
                failing(message, "infrastructure"),
                failing(message, "validation"),
            ]
        )

    def _lives(self, tenant: str, message: AgentTaskAssignment) -> bool:
        task = self.plant.records(tenant, AgentTask).get(message.task_id)
        return (
            task is not None
            and task.attempt == message.attempt
            and task.status in {"Assigned", "Claimed"}
        )

    def _fire(self, _: str) -> None:
        self.plant.fire(late=self.random.random() < 0.5)

    def _approve(self, tenant: str) -> None:
        pending = [
            approval_id
            for approval_id, approval in self.plant.records(tenant, Approval).items()
            if approval.status in {"Pending", "Escalated"}
        ]
        if not pending:
            return
        approval_id = self.random.choice(sorted(pending))
        answer: Struct = GrantApproval(approval_id=approval_id, comment=canary_of(tenant))  # type: ignore[arg-type]
        if self.random.random() < 0.25:
            answer = RejectApproval(approval_id=approval_id, reason_code="no")  # type: ignore[arg-type]
        self.plant.send(tenant, answer, f"{owner_of(tenant)}-2")

    def _escalation(self, tenant: str) -> None:
        steps = self.plant.records(tenant, WorkflowStep)
        found = sorted(step_id for step_id, step in steps.items() if step.status == "Escalated")
        if found:
            instance, _, path = self.random.choice(found).partition("/")
            kind = self.random.choice([commands.RetryWorkflowStep, commands.SkipWorkflowStep])
            self.say(
                tenant,
                kind(workflow_instance_id=instance, step_path=path, reason=canary_of(tenant)),
            )

    def _instance(self, tenant: str) -> Any:
        found = sorted(self.plant.records(self.random.choice(TENANTS), WorkflowInstance))
        if self.random.random() < 0.9:
            found = sorted(self.plant.records(tenant, WorkflowInstance))
        return self.random.choice(found) if found else None

    def _steer(self, tenant: str, kind: Callable[..., Struct], **more: Any) -> None:
        if (instance := self._instance(tenant)) is not None:
            self.say(tenant, kind(workflow_instance_id=instance, **more))

    def _pause(self, tenant: str) -> None:
        self._steer(tenant, commands.PauseWorkflow, reason=canary_of(tenant))

    def _resume(self, tenant: str) -> None:
        self._steer(tenant, commands.ResumeWorkflow)

    def _cancel(self, tenant: str) -> None:
        self._steer(tenant, commands.CancelWorkflow, reason=canary_of(tenant))

    def _suspend(self, tenant: str) -> None:
        if self.random.random() < 0.5:
            self.by(PLATFORM_ADMIN, tenancy.SuspendTenant(reason="chance"), tenant)

    def _reactivate(self, tenant: str) -> None:
        self.by(PLATFORM_ADMIN, tenancy.ReactivateTenant(reason="chance"), tenant)

    def _quota(self, tenant: str) -> None:
        dimension, window, most = self.random.choice(
            [
                ("tasks.active", "none", 3),
                ("workflows.active", "none", 4),
                ("tokens.input", "hour", 3_000),
                ("cost.amount", "day", 20_000),
            ]
        )
        limit = self.random.choice([None, *range(0, most + 1, max(1, most // 3))])
        self.say(
            tenant,
            tenancy.SetQuotaOverride(dimension=dimension, window=window, limit=limit, reason="x"),  # type: ignore[arg-type]
        )

    def _resize(self, tenant: str) -> None:
        self.say(tenant, SizeAgentPool(agent_role=ROLE, capacity=self.random.randint(0, 4)))

    def _policy(self, tenant: str) -> None:
        self.policies += 1
        named: dict[str, Any] = {"name": "ask", "version": f"1.0.{self.policies}"}
        rules = ASK if self.policies % 2 else ASK.replace("> 1", "> 9")
        self.say(tenant, DefinePolicy(domain="risk", text=rules, **named))
        self.say(tenant, PublishPolicy(**named))

    def _jump(self, _: str) -> None:
        self._advance(self.random.choice([-60_000_000, 3_600_000_000, DAY_US // 3]))

    def _duplicate(self, _: str) -> None:
        self.plant.again(*self.random.choice(self.plant.commands))

    # -- the end --------------------------------------------------------------------------------------
    def _heal(self) -> None:
        """Take limits away, open everything, cancel what lives, let every deadline but retention pass."""
        for tenant in TENANTS:
            self._reactivate(tenant)
            for instance in sorted(self.plant.records(tenant, WorkflowInstance)):
                command = commands.CancelWorkflow(workflow_instance_id=instance, reason="the end")  # type: ignore[arg-type]
                self.by(owner_of(tenant), command, tenant)
        self._advance(1)
        for _ in range(HEAL_MAX):
            if not any(self.plant.records(tenant, QuotaReservation) for tenant in TENANTS):
                break
            self.plant.fire()
            self._advance(1)


def check_now(plant: Plant) -> None:
    """Check what holds of the state after every cycle."""
    for tenant in TENANTS:
        held = [
            task
            for task in plant.records(tenant, AgentTask).values()
            if task.status in {"Assigned", "Claimed"}
        ]
        pool = plant.records(tenant, AgentPool).get(ROLE)
        assert pool is None or pool.live == len(held)


def check_end(plant: Plant) -> None:
    """Check what holds of log and state when all has ended."""
    report = plant.verified()
    assert report.is_sound, report.findings
    state_follows_from_facts(Evidence(plant.log, plant.rules, [HOME]))
    for tenant in TENANTS:
        alive = [
            header
            for header in plant.records(tenant, WorkflowInstance).values()
            if header.status not in TERMINAL
        ]
        assert not alive
        assert not plant.records(tenant, QuotaReservation), "all that ended gave back what it held"
    for key, entry in plant.entries().items():
        value = encode_state(entry.value, entry.version)
        for tenant in TENANTS:
            assert tenant == key.tenant_id or canary_of(tenant).encode() not in value
    assert set(plant.set_aside()) <= plant.broken, "only what was broken on purpose is set aside"


def written(plant: Plant) -> list[tuple[str, list[bytes | None]]]:
    """Give every record but the dead letters' clocks, topic by topic."""
    topics = (*plant.log.layout.facts, naming.AGENT_MESH_TASKS)
    return [(topic, [r.value for r in plant.log.everything(topic)]) for topic in topics]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_any_history_leaves_log_and_state_sound(seed: int) -> None:
    life = Life(seed, restores=False)
    life.live()
    check_end(life.plant)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_a_restore_anywhere_changes_no_decision(seed: int) -> None:
    straight, restored = Life(seed, restores=False), Life(seed, restores=True)
    straight.live()
    restored.live()
    assert written(restored.plant) == written(straight.plant)


def test_the_histories_visit_what_they_are_for() -> None:
    seen: set[str] = set()
    for seed in range(4):
        life = Life(seed, restores=True)
        life.live()
        seen |= {e.event_type for tenant in TENANTS for e, _ in life.plant.facts(tenant)}
        seen |= set(life.plant.refusals())
        if life.plant.log.everything(naming.DEAD_LETTERS):
            seen.add("dead letter")
    assert seen >= {
        "AgentTaskCompleted",
        "AgentTaskExpired",
        "AgentTaskFailed",
        "StaleResultRecorded",
        "WorkflowInstanceBlocked",
        "WorkflowInstancePaused",
        "WorkflowInstanceCancelled",
        "QuotaOverridden",
        "TenantSuspended",
        "PolicyPublished",
        "dead letter",
    }
