"""The one error of the launcher."""


class LocalError(Exception):
    """A broker cannot be had; the message is one sentence that says what to do about it."""
