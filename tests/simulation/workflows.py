"""Histories of the factory's own rules: tenants with small budgets run workflows of agent tasks and approvals."""

from collections.abc import Collection
from copy import copy
from functools import cache
from typing import Any, Final, NamedTuple, TypeVar

from msgspec import Struct

from processors.workflow.state import TERMINAL
from schemas.ids import SYSTEM, PrincipalId, SubscriptionId, WorkflowInstanceId
from schemas.messages.agents.commands import SizeAgentPool
from schemas.messages.governance.commands import GrantApproval, RejectApproval
from schemas.messages.governance.state import Approval
from schemas.messages.identity.commands import GrantRole, RegisterPrincipal
from schemas.messages.tenancy import commands as tenancy
from schemas.messages.tenancy.state import QuotaReservation
from schemas.messages.workflow import commands
from schemas.messages.workflow.state import WorkflowInstance, WorkflowStep
from streams.layout import Layout
from streams.run.seeds import AGENT_MESH, PLATFORM_ADMIN, seeds
from streams.wiring import Rules, standard_rules
from tests.simulation.agents import Agents
from tests.simulation.faults import KINDS
from tests.simulation.history import START, Act, History
from tests.simulation.log import Log
from tests.unit.workflow.definitions import agent_task, approval, steps, text
from tests.unit.workflow.world import ROLE, start
from topics.command import checked, input_topic_of
from topics.partition import partition_of

HOME: Final = partition_of(SYSTEM)
AWAY: Final = (HOME + 1) % 8
_NAMES: Final = tuple(f"tenant-{number:03d}" for number in range(200))
TENANTS: Final = (
    next(name for name in _NAMES if partition_of(name) == HOME),
    *[name for name in _NAMES if partition_of(name) == AWAY][:2],
)
"""One beside ``system``, two on another partition."""
WORK: Final = {
    "pair": steps(
        one=agent_task("${ input.n }"), two=agent_task("${ input.n }", retry={"attempts": 2})
    ),
    "asked": steps(one=agent_task(1), ask=approval(expires="PT10M", onExpiry="reject")),
    "wide": steps(
        fork={
            "fork": {
                "branches": [
                    {"a": {"do": steps(x=agent_task(1))}},
                    {"b": {"do": steps(y=agent_task(2))}},
                ]
            }
        },
        rest={"wait": "PT5S"},
    ),
}
"""Definition -> what it does."""
LIMITS: Final = (
    ("tasks.active", "none", 1),
    ("workflows.active", "none", 2),
    ("cost.amount", "day", 20_000),
)
_QUIET: Final = 30
"""Rounds at the end in which workflows may end by themselves; then what still lives is cancelled."""
_PATIENT: Final = 400
"""Rounds in which what is still reserved may be settled by its deadline."""
Kind = TypeVar("Kind", bound=Struct)


class Base(NamedTuple):
    """A factory that was set up without a fault: each history begins with a copy of it."""

    log: Log
    number: int


class Workflows(History):
    """A history of the factory's own rules."""

    steps = 200

    def __init__(
        self, seed: int, *, steps: int | None = None, without: Collection[str] = ()
    ) -> None:
        self._begin(seed, base(), steps, without)

    def _begin(self, seed: int, begun: Base, steps: int | None, without: Collection[str]) -> None:
        log = copied(begun.log)
        super().__init__(seed, log, rules(), [HOME, AWAY], steps=steps, without=without)
        self.number = begun.number
        self.instances = 0
        self._rounds = 0
        self.agents = Agents(log, self.random, self._answer)

    @property
    def horizon_s(self) -> int:
        """Give how long command ids are remembered."""
        return 24 * 3600

    def by(self, actor: str, command: Struct, tenant: str, kind: str = "user") -> None:
        """Send a command of somebody."""
        envelope = self.envelope(command, tenant, actor, kind)
        self.client.send(input_topic_of(envelope.event_type), envelope)

    def _answer(self, tenant: str, message: Struct) -> None:
        self.by(AGENT_MESH, message, tenant, "service")

    # -- acts -------------------------------------------------------------------------------------------
    def acts(self) -> list[tuple[Act, int]]:
        return [
            (self._start, 9),
            (self.agents.act, 25),
            (self._approve, 4),
            (self._escalation, 2),
            (self._steer, 3),
            (self._limit, 2),
            (self._suspend, 1),
        ]

    def _start(self) -> None:
        self.instances += 1
        tenant = self.random.choice(TENANTS)
        instance = f"wf-00000000-0000-4000-8000-{self.instances:012d}"
        document = f'{{"n":{self.random.randint(0, 7)}}}'
        command = start(self.random.choice(sorted(WORK)), document, instance)
        self.by(owner_of(tenant), command, tenant)

    def _approve(self) -> None:
        for tenant in TENANTS:
            for approval_id, asked in sorted(self.records(tenant, Approval).items()):
                if asked.status in {"Pending", "Escalated"}:
                    answer: Any = GrantApproval(approval_id=approval_id, comment="")  # type: ignore[arg-type]
                    if self.random.random() < 0.3:
                        answer = RejectApproval(approval_id=approval_id, reason_code="no")  # type: ignore[arg-type]
                    self.by(second_of(tenant), answer, tenant)

    def _escalation(self) -> None:
        for tenant in TENANTS:
            for step_id, step in sorted(self.records(tenant, WorkflowStep).items()):
                if step.status == "Escalated":
                    instance, _, path = step_id.partition("/")
                    kind = self.random.choice(
                        [commands.RetryWorkflowStep, commands.SkipWorkflowStep]
                    )
                    self.by(
                        owner_of(tenant),
                        kind(
                            workflow_instance_id=WorkflowInstanceId(instance),
                            step_path=path,
                            reason="chance",
                        ),
                        tenant,
                    )

    def _steer(self) -> None:
        tenant = self.random.choice(TENANTS)
        living = self._living(tenant)
        if living:
            instance = self.random.choice(living)
            command: Struct = commands.PauseWorkflow(workflow_instance_id=instance, reason="chance")
            fate = self.random.random()
            if fate < 0.5:
                command = commands.ResumeWorkflow(workflow_instance_id=instance)
            elif fate < 0.6:
                command = commands.CancelWorkflow(workflow_instance_id=instance, reason="chance")
            self.by(owner_of(tenant), command, tenant)

    def _living(self, tenant: str) -> list[WorkflowInstanceId]:
        found = self.records(tenant, WorkflowInstance).items()
        return sorted(WorkflowInstanceId(i) for i, header in found if header.status not in TERMINAL)

    def _limit(self) -> None:
        tenant = self.random.choice(TENANTS)
        dimension, window, most = self.random.choice(LIMITS)
        limit = self.random.choice([None, most])
        self._override(tenant, dimension, window, limit)

    def _override(self, tenant: str, dimension: str, window: str, limit: int | None) -> None:
        command = tenancy.SetQuotaOverride(
            dimension=dimension,
            window=window,  # type: ignore[arg-type]
            limit=limit,
            reason="chance",
        )
        self.by(owner_of(tenant), command, tenant)

    def _suspend(self) -> None:
        command = self.random.choice(
            [tenancy.SuspendTenant(reason="x"), tenancy.ReactivateTenant(reason="x")]
        )
        self.by(PLATFORM_ADMIN, command, self.random.choice(TENANTS))

    def records(self, tenant: str, kind: type[Kind]) -> dict[str, Kind]:
        """Give a tenant's records of a kind, as a worker that holds its partition has them."""
        number = partition_of(tenant)
        for worker in self.workers:
            partition = worker.cycle._partitions.get(number)
            if partition is not None:
                return {
                    key.record_id: entry.value
                    for key, entry in partition.store.entries.items()
                    if key.tenant_id == tenant
                    and key.kind == kind.__name__
                    and isinstance(entry.value, kind)
                }
        return {}

    # -- the end ----------------------------------------------------------------------------------------
    def end(self) -> None:
        """Open and lift everything; from now on agents and people do their work."""
        self.agents.is_willing = True
        for tenant in TENANTS:
            self.by(PLATFORM_ADMIN, tenancy.ReactivateTenant(reason="the end"), tenant)
            for dimension, window, _ in LIMITS:
                self._override(tenant, dimension, window, None)

    def is_over(self) -> bool:
        """Tell whether no workflow lives and nothing is reserved; until then let everybody do their work."""
        self._rounds += 1
        self.agents.act()
        self._approve()
        self._escalation()
        for tenant in TENANTS:
            for instance in self._living(tenant):
                command: Struct = commands.ResumeWorkflow(workflow_instance_id=instance)
                if self._rounds > _QUIET:
                    command = commands.CancelWorkflow(workflow_instance_id=instance, reason="end")
                if self._rounds % 5 == 0:
                    self.by(owner_of(tenant), command, tenant)
        if self.agents.is_idle() and (deadline := self.next_deadline()):
            self.log.now = max(self.log.now, deadline)
        held = {n for worker in self.workers for n in worker.cycle._partitions}
        if held != {HOME, AWAY} or any(self._living(tenant) for tenant in TENANTS):
            return False
        reserved = any(self.records(tenant, QuotaReservation) for tenant in TENANTS)
        return not reserved or self._rounds > _PATIENT


class _Establishing(Workflows):
    """Sets a factory up: seeds, definitions, tenants; nothing else happens."""

    def __init__(self) -> None:
        self._begin(0, Base(Log(Layout(), START), 0), 0, tuple(KINDS))

    def end(self) -> None:
        for each in seeds():
            self.by(PLATFORM_ADMIN, checked(each.command), SYSTEM)
        for name, do in WORK.items():
            definition = commands.PublishWorkflowDefinition(
                name=name, version="1.0.0", definition=text(do, name)
            )
            self.by(PLATFORM_ADMIN, definition, SYSTEM)

    def _provision(self, tenant: str, number: int) -> None:
        owner, second = PrincipalId(owner_of(tenant)), PrincipalId(second_of(tenant))
        subscription = SubscriptionId(f"sub-00000000-0000-4000-8000-{number:012d}")
        for command in (
            tenancy.ProvisionTenant(display_name=tenant, region="eu", owner_principal_id=owner),
            tenancy.ActivateSubscription(
                subscription_id=subscription, edition_name="team", edition_version="1.0.0"
            ),
            tenancy.ActivateTenant(),
            RegisterPrincipal(principal_id=second, kind="user", display_name="second"),
            GrantRole(principal_id=second, role="TenantOwner"),
        ):
            self.by(PLATFORM_ADMIN, command, tenant)
        self.by(owner, SizeAgentPool(agent_role=ROLE, capacity=2), tenant)

    def is_over(self) -> bool:
        """Provision the tenants once every partition knows the platform's people; then it is done."""
        self._rounds += 1
        for number, tenant in enumerate(TENANTS) if self._rounds == 1 else ():
            self._provision(tenant, number)
        return self._rounds > 1


@cache
def rules() -> Rules:
    """Give the factory's rules."""
    return standard_rules()


@cache
def base() -> Base:
    """Set a factory up once a process."""
    establishing = _Establishing()
    establishing.run()
    return Base(establishing.log, establishing.number)


def copied(log: Log) -> Log:
    """Give a log that goes on from another."""
    fresh = Log(log.layout, log.now)
    fresh.records = {place: list(records) for place, records in log.records.items()}
    for number, changelog in log.changelogs.items():
        fresh.changelogs[number] = copy(changelog)
        fresh.changelogs[number].records = list(changelog.records)
        fresh.changelogs[number].newest = dict(changelog.newest)
    fresh.offsets = {number: dict(at) for number, at in log.offsets.items()}
    fresh.positions = {number: dict(at) for number, at in log.positions.items()}
    fresh.commits = list(log.commits)
    return fresh


def owner_of(tenant: str) -> str:
    """Give a tenant's owner."""
    return f"user:{tenant}"


def second_of(tenant: str) -> str:
    """Give another owner, who approves."""
    return f"user:{tenant}-2"
