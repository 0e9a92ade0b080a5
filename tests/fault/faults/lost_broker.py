"""A broker that comes back with nothing (F6)."""

from tests.fault.field import Field


def lose_everything(field: Field, times: int) -> None:
    """Let the broker lose everything under running workers, then put it back."""
    raise NotImplementedError
