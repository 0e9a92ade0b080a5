"""Commands as a client would send them, with ids that follow from a number and the simulated time."""

from uuid import UUID

from msgspec import Struct

from schemas.codec import encode_payload
from schemas.ids import PrincipalId, TenantId
from schemas.messages.envelope import Envelope


def command_envelope(
    command: Struct, tenant: str, number: int, now: int, *, actor_type: str, actor: str
) -> Envelope:
    """Give the ``number``-th command's envelope; ``now``, microseconds, is also in its id, as in a UUIDv7."""
    schema_id, payload = encode_payload(command)
    return Envelope(
        event_id=f"cmd-{UUID(hex=f'{now // 1000:012x}70008000{number:012x}')}",
        event_type=type(command).__name__,
        kind="command",
        tenant_id=TenantId(tenant),
        trace_id=f"{number:032x}",
        correlation_id="corr-1",
        occurred_at=now,
        actor_type=actor_type,  # type: ignore[arg-type]
        actor_id=PrincipalId(actor),
        payload_schema_id=schema_id,
        payload=payload,
    )
