"""The built-in roles, as one literal table: where each may be bound and what it permits.

A permission is ``resource:action``, one for each command. Roles bundle them; nothing else permits anything.
Source: domain.md §1; settled.md 13, 14.
"""

from typing import Final, Literal

Where = Literal["platform", "tenant", "anywhere"]

_TENANCY: Final = frozenset({
    "tenant:provision", "tenant:activate", "tenant:suspend", "tenant:reactivate",
    "subscription:activate", "edition:define", "edition:publish",
})  # fmt: skip
_QUOTA: Final = frozenset({"quota:override"})
_ACCESS: Final = frozenset({"principal:register", "role:grant", "role:revoke"})
_POLICIES: Final = frozenset({"policy:define", "policy:publish"})
_APPROVALS: Final = frozenset({"approval:request", "approval:grant", "approval:reject"})
_AGENTS: Final = frozenset({
    "skill:register", "skill:publish", "agent:register", "agent:publish", "agent-pool:size",
    "model-policy:publish",
})  # fmt: skip
_PRICES: Final = frozenset({"price-list:publish"})
_PROJECTS: Final = frozenset({"project:create", "project:initialize"})
_DEFINITIONS: Final = frozenset({"workflow-definition:define", "workflow-definition:publish"})
_WORKFLOWS: Final = frozenset({
    "workflow:start", "workflow:pause", "workflow:resume", "workflow:cancel",
})  # fmt: skip
_STEPS: Final = frozenset({"workflow-step:retry", "workflow-step:skip"})
_TASKS: Final = frozenset({
    "agent-task:claim", "agent-task:heartbeat", "agent-task:progress", "agent-task:complete",
    "agent-task:fail",
})  # fmt: skip

PERMISSIONS: Final = (
    _TENANCY | _QUOTA | _ACCESS | _POLICIES | _APPROVALS | _AGENTS | _PRICES | _PROJECTS
    | _DEFINITIONS | _WORKFLOWS | _STEPS | _TASKS
)  # fmt: skip
"""Every permission that there is; a test holds it equal to what the commands ask for."""


PLATFORM_ADMIN: Final = "PlatformAdmin"
TENANT_OWNER: Final = "TenantOwner"

ROLES: Final[dict[str, frozenset[str]]] = {
    # Runs the platform: administers every tenant, but neither starts nor steers a tenant's work.
    PLATFORM_ADMIN: (
        _TENANCY | _QUOTA | _ACCESS | _POLICIES | _APPROVALS | _AGENTS | _PRICES | _DEFINITIONS
    ),
    # Everything inside the tenant, but what the platform sells it and what agents report.
    TENANT_OWNER: (
        _QUOTA | _ACCESS | _POLICIES | _APPROVALS | _AGENTS | _PRICES | _PROJECTS | _DEFINITIONS
        | _WORKFLOWS | _STEPS
    ),
    # Keeps the work going.
    "FactoryOperator": _APPROVALS | _PROJECTS | _WORKFLOWS | _STEPS | {"agent-pool:size"},
    # Says how the work is done.
    "SolutionArchitect": _APPROVALS | _AGENTS | _PROJECTS | _DEFINITIONS | _WORKFLOWS,
    # Says what is wanted.
    "ProductOwner": _APPROVALS | _PROJECTS | _WORKFLOWS,
    # Reads; reading is no command, the query API answers for it.
    "Viewer": frozenset(),
    # The neighbours: service principals.
    "AgentMesh": _TASKS,
    "Governance": _POLICIES,
    # These give no command that is decided in this release.
    "DevOps": frozenset(),
    "Observability": frozenset(),
    "Integration": frozenset(),
}  # fmt: skip
"""Role -> permissions."""

BOUND_IN: Final[dict[str, Where]] = {
    PLATFORM_ADMIN: "platform",
    TENANT_OWNER: "tenant",
    "FactoryOperator": "tenant",
    "SolutionArchitect": "tenant",
    "ProductOwner": "tenant",
    "Viewer": "tenant",
    # In system for every tenant, or in one tenant for a service of its own.
    "AgentMesh": "anywhere",
    "Governance": "anywhere",
    "DevOps": "anywhere",
    "Observability": "anywhere",
    "Integration": "anywhere",
}
"""Role -> where it may be bound: tenant ``system`` (it then holds in every tenant), any other, or either."""

INDISPENSABLE: Final = frozenset({PLATFORM_ADMIN, TENANT_OWNER})
"""Roles whose last holder cannot lose them: nobody could put it right."""
