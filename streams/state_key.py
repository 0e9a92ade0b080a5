"""Keys of the state changelog: ``tenant|kind|id``; tenant and kind hold no bar, the id may."""

from sys import intern
from typing import Final

from schemas.ids import TenantId
from streams.wiring import Key

POSITIONS_KEY: Final = b"\0positions"
"""Key of a partition's input positions; no tenant's key can begin so."""


def state_key(key: Key) -> bytes:
    """Give the changelog key of a state record."""
    return f"{key.tenant_id}|{key.kind}|{key.record_id}".encode()


def parse_state_key(raw: bytes) -> Key:
    """Give the state record that a changelog key names; tenants and kinds are few, each is kept in memory once."""
    tenant_id, kind, record_id = raw.decode().split("|", 2)
    # Past the constructor of a named tuple, which takes as long as all the rest: a restore reads a million keys.
    return tuple.__new__(Key, (TenantId(intern(tenant_id)), intern(kind), record_id))
