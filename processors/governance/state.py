"""State of the governance context: policies, the bundle that decisions read, approvals."""

from typing import Final

from schemas.messages.governance.state import Approval, BundledPolicy, Policy, PolicyBundle

BUNDLE_ID: Final = "bundle"
"""Record id of a tenant's bundle."""

APPROVAL_TRANSITIONS: Final = {
    "Pending": ("Granted", "Rejected", "Expired", "Withdrawn"),
    "Granted": ("Consumed",),
    "Rejected": (),
    "Expired": (),
    "Withdrawn": (),
    "Consumed": (),
}
"""Legal next states of an approval. An escalation stays Pending, with another role and as much time again."""

__all__ = [
    "APPROVAL_TRANSITIONS",
    "BUNDLE_ID",
    "Approval",
    "BundledPolicy",
    "Policy",
    "PolicyBundle",
]
