"""The one error of the launcher."""

from schemas.output import OperatorError


class LocalError(OperatorError):
    """A broker cannot be had; the message is one sentence that says what to do about it."""
