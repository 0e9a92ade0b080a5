"""State from recorded facts alone, and its digest. Reads nothing but the envelopes it is given.

A rebuild of a lost changelog, the ``replay`` command and the tests use the same class, so what they agree on is
what a decision sees. Facts come topic by topic; each tenant's are applied in its own sequence.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

from schemas.codec import decode_payload, encode_state, entry_of, is_link
from schemas.ids import SYSTEM, TenantId
from schemas.messages.envelope import Envelope
from schemas.messages.runtime.state import CommandMemory, InputPositions
from streams.head import HEAD_ID, Head, context_of, read_head
from streams.replaying import apply_recorded
from streams.state_key import state_key
from streams.wiring import Entry, Key, Overlay, Rules, Store, TenantTables

LEFT_OUT: Final = frozenset({CommandMemory.__name__, InputPositions.__name__})
"""State kinds that the digest leaves out: they say what was read, not what was decided (settled.md 24)."""

_MERGE_EVERY: Final = 5000
"""Facts after which changes are merged into the store; bounds the undo log that nobody needs here."""


class BrokenChainError(Exception):
    """The facts do not follow from one another: one is missing, altered or out of place."""


class Replay:
    """Builds the state of the tenants whose facts it is given.

    ``copies_of_system``: facts of ``system`` are applied as a partition sees them that is not its own, the broadcast
    ones only. They need not be without gap.
    """

    def __init__(self, rules: Rules, *, copies_of_system: bool) -> None:
        self.store = Store()
        self._rules = rules
        self._copies_of_system = copies_of_system
        self._overlay = Overlay(self.store)
        self._heads: dict[TenantId, Head] = {}
        self._early: dict[TenantId, dict[int, tuple[Envelope, bytes]]] = {}
        self._applied = 0

    def take(self, envelope: Envelope, value: bytes) -> None:
        """Apply one sequenced record, now or when those before it have come. Raises BrokenChainError."""
        tenant_id, sequence = envelope.tenant_id, envelope.sequence or 0
        if sequence <= self._head(tenant_id).sequence:
            return
        if tenant_id == SYSTEM and self._copies_of_system:
            self._apply(envelope)
            return
        early = self._early.setdefault(tenant_id, {})
        early[sequence] = (envelope, value)
        head = self._head(tenant_id)
        while (following := early.pop(head.sequence + 1, None)) is not None:
            if not is_link(following[1], following[0], head.hash):
                raise BrokenChainError(f"{tenant_id} at sequence {head.sequence + 1}")
            self._apply(following[0])

    def _apply(self, envelope: Envelope) -> None:
        head = self._head(envelope.tenant_id)
        tables = TenantTables(self._overlay, envelope.tenant_id)
        schema = entry_of(envelope.payload_schema_id)
        if envelope.kind == "event":
            fact = decode_payload(envelope.payload_schema_id, envelope.payload)
            apply_recorded(self._rules, tables, envelope, fact)
        head.advance(envelope, context_of(schema.context, schema.name), envelope.hash or b"")
        self._applied += 1
        if self._applied % _MERGE_EVERY == 0:
            self._merge()

    def _head(self, tenant_id: TenantId) -> Head:
        head = self._heads.get(tenant_id)
        if head is None:
            head = self._heads[tenant_id] = read_head(TenantTables(self._overlay, tenant_id))
        return head

    def _merge(self) -> None:
        # No evolver reads a head, so it is written now and then, not for each fact.
        for tenant_id, head in self._heads.items():
            if head.sequence:
                TenantTables(self._overlay, tenant_id).put(HEAD_ID, head.record())
        self.store.apply(self._overlay.changes)
        self._overlay = Overlay(self.store)

    def finish(self) -> Store:
        """Give the state. Raises BrokenChainError where a tenant's facts have a hole."""
        for tenant_id, early in self._early.items():
            if early:
                missing = self._head(tenant_id).sequence + 1
                raise BrokenChainError(f"{tenant_id} has no fact at sequence {missing}")
        self._merge()
        self.store.sort()
        return self.store


def state_digest(entries: Iterable[tuple[Key, Entry]], tenant_id: TenantId) -> bytes:
    """Give the digest of a tenant's state: equal where every decision on it would be (settled.md 24).

    SHA-256 over its records sorted by key, each as length-prefixed key and length-prefixed canonical value
    (the Avro encoding of record and aggregate version); kinds in LEFT_OUT are left out.
    """
    records = sorted(
        (state_key(key), encode_state(entry.value, entry.version))
        for key, entry in entries
        if key.tenant_id == tenant_id and key.kind not in LEFT_OUT
    )
    digest = hashlib.sha256()
    for parts in records:
        for part in parts:
            digest.update(len(part).to_bytes(4, "big"))
            digest.update(part)
    return digest.digest()
