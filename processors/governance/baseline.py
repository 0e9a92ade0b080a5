"""The one policy that is there before any was published: without it nobody could publish the first.

It is part of every bundle and stands in every decision it determines, like any other (ADR 2 in README.md).
"""

from typing import Final

from processors.governance.state import BundledPolicy

BASELINE: Final = BundledPolicy(
    name="baseline",
    version="1.0.0",
    mode="enforce",
    text="""
@id("platform-admin-keeps-the-catalogue")
permit (
  principal in Factory::Role::"PlatformAdmin",
  action,
  resource
) when { context.tenant == "system" };
""",
)
