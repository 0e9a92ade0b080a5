"""Identifier types and the rule each must obey on the wire.

A bare ``str`` identifier does not cross a function boundary: each kind has a ``NewType``, and the
generated messages carry the rule, so that decoding a command checks it (wire.md §2, reliability.md B11).
"""

from typing import Final, NewType

TenantId = NewType("TenantId", str)
ProjectId = NewType("ProjectId", str)
ModuleId = NewType("ModuleId", str)
WorkflowInstanceId = NewType("WorkflowInstanceId", str)
TaskId = NewType("TaskId", str)
ApprovalId = NewType("ApprovalId", str)
DecisionId = NewType("DecisionId", str)
ReservationId = NewType("ReservationId", str)
ArtifactId = NewType("ArtifactId", str)
ExecutionId = NewType("ExecutionId", str)
PrincipalId = NewType("PrincipalId", str)
SubscriptionId = NewType("SubscriptionId", str)
EventId = NewType("EventId", str)
UsageId = NewType("UsageId", str)
LedgerId = NewType("LedgerId", str)
EditionId = NewType("EditionId", str)

SYSTEM: Final = TenantId("system")
"""The reserved tenant that owns the shared catalogue and the platform's own principals."""

SLUG: Final = r"^[a-z0-9][a-z0-9-]{1,62}\Z"
_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z"

ID_RULES: Final[dict[str, tuple[str, str, int]]] = {
    # wire field name: (type, pattern, longest)
    "tenantId": ("TenantId", SLUG, 63),
    "projectId": ("ProjectId", "^proj-" + _UUID, 41),
    "moduleId": ("ModuleId", "^module-" + _UUID, 43),
    "workflowInstanceId": ("WorkflowInstanceId", "^wf-" + _UUID, 39),
    "taskId": ("TaskId", "^task-" + _UUID, 41),
    "approvalId": ("ApprovalId", "^apr-" + _UUID, 40),
    "decisionId": ("DecisionId", "^pd-" + _UUID, 39),
    "reservationId": ("ReservationId", r"^[a-z0-9][A-Za-z0-9._:/-]{1,127}\Z", 128),
    "artifactId": ("ArtifactId", "^art-" + _UUID, 40),
    "executionId": ("ExecutionId", "^exec-" + _UUID, 41),
    "subscriptionId": ("SubscriptionId", "^sub-" + _UUID, 40),
    "principalId": ("PrincipalId", r"^[A-Za-z0-9][A-Za-z0-9._@:-]{0,127}\Z", 128),
    "actorId": ("PrincipalId", r"^[A-Za-z0-9][A-Za-z0-9._@:-]{0,127}\Z", 128),
    "usageId": ("UsageId", "^use-" + _UUID, 40),
    "ownerPrincipalId": ("PrincipalId", r"^[A-Za-z0-9][A-Za-z0-9._@:-]{0,127}\Z", 128),
    "ledgerId": (
        "LedgerId",
        "^(tenant|proj-" + _UUID[:-2] + r"|role:[A-Z][A-Za-z0-9]{0,63}"
        r"|agent:[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*){0,7})\Z",
        134,
    ),
    "editionId": ("EditionId", r"^[a-z][a-z0-9-]{0,62}/[0-9.]{5,32}\Z", 96),
    "activeSubscriptionId": ("SubscriptionId", "^sub-" + _UUID, 40),
}
"""Wire field names that are identifiers; a field with such a name needs no rule of its own."""
