"""What a checker finds."""


class ViolationError(AssertionError):
    """An invariant of reliability.md §4 does not hold; ``invariant`` is its name there."""

    def __init__(self, invariant: str, said: str) -> None:
        super().__init__(f"{invariant}: {said}")
        self.invariant = invariant


def hold(invariant: str, holds: bool, said: str = "") -> None:
    """Raise a ViolationError where an invariant does not hold."""
    if not holds:
        raise ViolationError(invariant, said)
