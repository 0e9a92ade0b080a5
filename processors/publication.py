"""What every publication of an asset has in common: immutable versions, and a policy gate before.

Source: domain.md §6 (versions are immutable), §7 (publishing any asset is a sensitive transition).
"""

from collections.abc import Sequence

from processors import governance, identity
from processors.assets import VERSIONS_MAX
from processors.contract import Rejection
from processors.decision import Decision


def unpublishable(name: str, versions: Sequence[str], version: str) -> Rejection | None:
    """Refuse a version that is published already or one more than an asset may have."""
    if version in versions:
        return Rejection(
            "ALREADY_EXISTS",
            "a published version never changes: publish a new version",
            "version",
            got=f"{name} {version}",
        )
    if len(versions) >= VERSIONS_MAX:
        return Rejection(
            "LIMIT_EXCEEDED",
            "an asset has a limited number of versions",
            "version",
            f"at most {VERSIONS_MAX}",
            f"{len(versions)} are published",
        )
    return None


def gate(
    decision: Decision, action: str, name: str, version: str, *, content: str = ""
) -> Rejection | None:
    """Ask policy whether the actor may publish; give the refusal, or None for leave to go on.

    ``content`` is a draft that the command publishes without carrying it: an approval holds for that text alone.
    """
    return governance.gate_command(
        decision,
        action=action,
        resource=f"{name}@{version}",
        context={"name": name, "version": version, "owner": decision.tenant_id},
        roles=identity.roles_of(decision, decision.cause.actor_id),
        content=content,
    )
