"""The bundle of a tenant: the newest published version of each of its policies, under one hash.

It is one state record that every decision reads, and its statements are named by every decision that they determine:
so both are bounded (a record is at most 1 MB, wire.md §1).
"""

import hashlib
from typing import Final

from processors import versions
from processors.contract import Rejection
from processors.decision import Decision
from processors.governance.state import BUNDLE_ID, BundledPolicy, Policy, PolicyBundle

POLICIES_MAX: Final = 32
"""Most policies of a tenant that decide at once."""
CHARACTERS_MAX: Final = 131_072
"""Most text of all of them: in UTF-8 at most half of a record."""


def with_policy(
    policies: tuple[BundledPolicy, ...], new: BundledPolicy
) -> tuple[BundledPolicy, ...]:
    """Give the policies with the new one in place of its version before, ordered by name."""
    others = [policy for policy in policies if policy.name != new.name]
    return tuple(sorted([*others, new], key=lambda policy: policy.name))


def bundle_hash(policies: tuple[BundledPolicy, ...]) -> str:
    """Give the SHA-256 that names a bundle: over name, version, mode and text of each policy, ordered by name."""
    digest = hashlib.sha256()
    for policy in policies:
        for part in (policy.name, policy.version, policy.mode, policy.text):
            raw = part.encode()
            digest.update(len(raw).to_bytes(4, "big") + raw)
    return digest.hexdigest()


def unbundled(decision: Decision, draft: Policy) -> Rejection | None:
    """Refuse a draft that would not decide once published: an older version, or one that the bundle has no room for."""
    bundle = decision.tables.get(PolicyBundle, BUNDLE_ID)
    policies = bundle.policies if bundle is not None else ()
    before = next((policy for policy in policies if policy.name == draft.name), None)
    if before is not None and not _is_newer(draft.version, before.version):
        return Rejection(
            "STALE_VERSION",
            "a newer version of the policy decides: publish what is to decide under a newer one",
            "version",
            f"newer than {before.version}",
            draft.version,
        )
    new = BundledPolicy(name=draft.name, version=draft.version, mode=draft.mode, text=draft.text)
    after = with_policy(policies, new)
    characters = sum(len(policy.text) for policy in after)
    if len(after) > POLICIES_MAX or characters > CHARACTERS_MAX:
        return Rejection(
            "LIMIT_EXCEEDED",
            "the policies of a tenant that decide at once are limited in number and text",
            "text",
            f"at most {POLICIES_MAX} policies of together {CHARACTERS_MAX} characters",
            f"{len(after)} of {characters}",
        )
    return None


def _is_newer(version: str, than: str) -> bool:
    new, old = versions.parse(version), versions.parse(than)
    return new is not None and old is not None and new > old
