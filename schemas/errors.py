"""Errors of bytes that cannot be understood: each ends as one dead letter, never as a crash (style.md §6)."""

from typing import ClassVar


class PoisonError(Exception):
    """Bytes that no decision can be made on; ``code`` is the stable, machine-readable reason.

    ``field`` is the path of what is wrong where that is known, ``rule`` what it should have been.
    """

    code: ClassVar[str] = "MALFORMED_RECORD"

    def __init__(self, rule: str, field: str = "") -> None:
        super().__init__(f"{self.code}: {field + ': ' if field else ''}{rule}")
        self.rule = rule
        self.field = field


class MalformedRecordError(PoisonError):
    """Bytes that do not decode, or decode and leave a rest."""


class UnknownSchemaError(PoisonError):
    """A frame or a payload that names a schema which this release does not have."""

    code = "UNKNOWN_SCHEMA"


class EnvelopeInvalidError(PoisonError):
    """An envelope whose fields break their rules or contradict the record's key, headers or topic."""

    code = "ENVELOPE_INVALID"


class TenantMismatchError(PoisonError):
    """A record whose tenant differs between body, key, headers or partition."""

    code = "TENANT_MISMATCH"


class TooLargeError(PoisonError):
    """A record over the size limit; it is not decoded at all."""

    code = "TOO_LARGE"


class PayloadInvalidError(Exception):
    """A payload that decodes but breaks a rule of its schema: the command is refused INVALID_ARGUMENT."""

    def __init__(self, rule: str, field: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.rule = rule
        self.field = field
