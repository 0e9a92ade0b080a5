"""The tenants of these tests; each test has its own, two of them on one partition."""

from typing import Final

LOST: Final = ("lost-a", "lost-c", "lost-g")
SCARCE: Final = "scarce"
AWAY: Final = "away"
TENANTS: Final = (*LOST, SCARCE, AWAY)
