"""Every command as tenant B with tenant A's ids: nothing of A is read or changed, and each has one answer (B12, B23).

The commands are those of the catalogue, so that a new one cannot be forgotten. A and B share a partition, which is the
worst case: their records lie in one store.
"""

import typing
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from processors import registry
from processors.tables import Entry, Key, TenantTables
from schemas.catalogue import catalogue
from schemas.codec import encode_state
from schemas.ids import ID_RULES, SYSTEM, PrincipalId, TenantId
from schemas.messages.governance.facts import ApprovalRequested
from schemas.messages.identity.facts import PrincipalRegistered
from schemas.messages.projects.facts import ProjectCreated
from schemas.messages.workflow.facts import AgentTaskAssigned
from schemas.messages.workflow.messages import AgentTaskAssignment
from tests.released import released
from tests.unit.scenario import Scenario
from tests.unit.workflow import definitions
from tests.unit.workflow.world import INSTANCE, MESH, OPERATOR, OWNER, start, tenant, world

A, B = TenantId("acme"), TenantId("globex")
CANARY = "canary-of-acme"
ENGINE = {"FireTimer"}
COMMANDS = sorted(set(released("command")) - ENGINE)
REPORTS = {
    "ClaimAgentTask",
    "HeartbeatAgentTask",
    "ReportAgentProgress",
    "CompleteAgentTask",
    "FailAgentTask",
}
STRANGER = PrincipalId("user:nobody")
PROJECT = "proj-00000000-0000-4000-8000-0000000000aa"
EXISTING = {"project_id", "workflow_instance_id", "task_id", "approval_id"}
"""Fields that name what must exist; with A's id each is NOT_FOUND for B."""
CREATES = {"CreateProject", "StartWorkflow", "RequestApproval", "ProvisionTenant"}
"""Commands whose id is chosen by the sender: the same id is a thing of B's own."""


class Worlds:
    """A with work in hand, and B beside it in the same store."""

    def __init__(self) -> None:
        self.a = world()
        text = definitions.text(
            definitions.steps(first=definitions.agent_task(), ask=definitions.approval())
        )
        self.a.given_system(definitions.published(text))
        self.a.given(
            ProjectCreated(
                project_id=PROJECT, name=CANARY, intent=CANARY, origin="cli",  # type: ignore[arg-type]
                owner_principal_id=OWNER,
            ),
            PrincipalRegistered(principal_id=PrincipalId("user:anna"), kind="user", display_name=CANARY),
        )  # fmt: skip
        self.a.actor = OPERATOR
        self.a.through_pipeline(start(definitions.NAME))
        assert self.a.rejection is None, self.a.rejection
        self.assigned = self.a.fact(AgentTaskAssigned)
        self.assignment = next(m for m in self.a.sent if isinstance(m, AgentTaskAssignment))
        self.approval = f"apr-{'0' * 8}-0000-4000-8000-{'a' * 12}"
        self.a.given(
            ApprovalRequested(
                approval_id=self.approval, action="x", resource=CANARY, title=CANARY,  # type: ignore[arg-type]
                subject_digest=bytes(32), approver_role="TenantOwner", quorum=1, four_eyes=False,
                expires_at=self.a.at + 10**12, period_micros=10**12, on_expiry="reject", requested_by=OPERATOR,
            )
        )  # fmt: skip
        self.b = Scenario(tenant=B, actor=OWNER)
        self.b.overlay = self.a.overlay
        self.b.tables = TenantTables(self.a.overlay, B)
        self.b.system = TenantTables(self.a.overlay, SYSTEM)
        tenant(self.b)
        self.b.at = self.a.at

    def ids(self) -> dict[str, Any]:
        """Give A's ids by the Python field that carries them."""
        return {
            "project_id": PROJECT,
            "workflow_instance_id": INSTANCE,
            "task_id": self.assigned.task_id,
            "approval_id": self.approval,
            "step_path": self.assigned.step_path,
            "principal_id": "user:anna",
            "lease_token": self.assignment.lease_token,
            "attempt": self.assigned.attempt,
            "agent_id": "ConnectSoft.Agent.Adder",
            "agent_version": "1.0.0",
            "definition_name": definitions.NAME,
            "definition_owner": A,
            "execution_id": "exec-00000000-0000-4000-8000-0000000000aa",
            "output": '{"value":2}',
        }

    def of(self, tenant_id: TenantId) -> dict[Key, bytes]:
        """Give a tenant's records as the overlay has them, in bytes."""
        entries = self.a.overlay.changes.items()
        return {
            key: encode_state(entry.value, entry.version)
            for key, entry in entries
            if key.tenant_id == tenant_id and isinstance(entry, Entry)
        }


ASSETS = {
    "RegisterSkill": "ConnectSoft.Skill.Thing",
    "PublishSkillVersion": "ConnectSoft.Skill.Thing",
    "RegisterAgent": "ConnectSoft.Agent.Thing",
    "PublishAgentVersion": "ConnectSoft.Agent.Thing",
}
"""Names of assets whose rule asks for more than a slug."""

LEFT_OUT = {"SetQuotaOverride": {"agent_id"}}
"""Fields that may not stand beside others: a limit is of one project, one role or one agent."""


def build(name: str, known: dict[str, Any]) -> Struct:
    """Give a command with A's ids where it has such fields, and something that fits elsewhere."""
    kind = catalogue().by_name[name].type
    document = {}
    for field in msgspec.structs.fields(kind):
        if field.name in LEFT_OUT.get(name, ()):
            continue
        if field.name in known:
            document[field.encode_name] = known[field.name]
        elif field.encode_name == "name" and name in ASSETS:
            document["name"] = ASSETS[name]
        elif field.required:
            document[field.encode_name] = sample(field.encode_name, field.type)
    return msgspec.convert(document, kind)


def sample(name: str, hint: Any) -> Any:
    """Give a value that obeys the field's rule."""
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return constrained(name, *typing.get_args(hint))
    if origin is typing.Literal:
        return typing.get_args(hint)[0]
    if origin is tuple:
        return []
    if isinstance(hint, type) and issubclass(hint, Struct):
        return {f.encode_name: sample(f.encode_name, f.type) for f in msgspec.structs.fields(hint)}
    plain = {int: 1, bool: True, bytes: bytes(32)}
    return plain.get(hint, named(name))


def constrained(name: str, hint: Any, meta: msgspec.Meta) -> Any:
    if hint is int:
        return meta.ge if meta.ge is not None else 1
    if typing.get_origin(hint) is tuple:
        return []
    return named(name) if name not in ID_RULES else "sub-00000000-0000-4000-8000-0000000000bb"


NAMED = {
    "version": "1.0.0", "editionVersion": "1.0.0", "editionName": "team", "currency": "EUR", "region": "eu",
    "input": "{}", "inputSchema": "{}", "outputSchema": "{}", "dimension": "cost.amount", "domain": "risk",
    "text": '@id("x") permit (principal, action, resource);', "reasonCode": "no", "approverRole": "TenantOwner",
    "name": "thing", "agentRole": "Adder", "role": "Viewer", "modelPolicy": "economy", "principalId": "user:anna",
    "ownerPrincipalId": "user:anna", "definitionVersion": "",
}  # fmt: skip


def named(name: str) -> str:
    """Give a text that fits a field of that name."""
    return NAMED.get(name, "text")


def actor_of(name: str) -> tuple[PrincipalId, str]:
    """Give who may send the command in B."""
    return (MESH, "service") if name in REPORTS else (OWNER, "user")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_with_another_tenants_ids_changes_nothing_of_it(name: str) -> None:
    worlds = Worlds()
    command = build(name, worlds.ids())
    before, platform = worlds.of(A), worlds.of(SYSTEM)
    worlds.b.actor, kind = actor_of(name)
    worlds.b.through_pipeline(command, actor_type=kind)
    assert worlds.of(A) == before
    assert worlds.of(SYSTEM) == platform
    assert worlds.b.decision is not None
    answered = worlds.b.rejection is not None or bool(worlds.b.decision.recorded)
    assert answered, f"{name} ended in silence"
    assert CANARY not in str(worlds.b.facts) + str(worlds.b.rejection) + str(worlds.b.sent)
    names_existing = EXISTING & {f.name for f in msgspec.structs.fields(type(command))}
    if names_existing and name not in CREATES and worlds.b.rejection is not None:
        assert worlds.b.rejection.code in {"NOT_FOUND", "FORBIDDEN"}, worlds.b.rejection
    if (
        names_existing
        and name not in CREATES
        and getattr(command, next(iter(names_existing))) is not None
    ):
        assert worlds.b.rejection is not None


@pytest.mark.parametrize("name", COMMANDS)
def test_an_actor_without_a_role_is_refused_every_command(name: str) -> None:
    worlds = Worlds()
    before = worlds.of(A)
    worlds.a.actor = STRANGER
    worlds.a.through_pipeline(build(name, worlds.ids()))
    assert worlds.of(A) == before
    assert worlds.a.rejection is not None
    expected = {"FORBIDDEN"} | ({"ALREADY_EXISTS"} if name == "ProvisionTenant" else set())
    assert worlds.a.rejection.code in expected, worlds.a.rejection


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_a_user_however_mighty_is_no_agent(name: str) -> None:
    worlds = Worlds()
    worlds.a.actor = OWNER
    worlds.a.through_pipeline(build(name, worlds.ids()))
    worlds.a.refused("FORBIDDEN")


@pytest.mark.parametrize(
    "name", ["CompleteAgentTask", "HeartbeatAgentTask", "ClaimAgentTask", "FailAgentTask"]
)
def test_an_agent_with_another_tasks_token_is_refused(name: str) -> None:
    worlds = Worlds()
    worlds.a.actor = MESH
    token = worlds.a.decide().keys.token(A, worlds.assigned.task_id, 99)
    worlds.a.through_pipeline(
        build(name, {**worlds.ids(), "lease_token": token}), actor_type="service"
    )
    worlds.a.refused("STALE_LEASE")


def test_every_command_is_swept() -> None:
    assert set(registry.rules_by_name()) == set(COMMANDS)
