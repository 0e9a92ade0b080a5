"""State tables of one partition: a committed store and the overlay that a cycle works on.

The store holds what has committed. Every decision of a cycle writes to the cycle's overlay, which remembers how to
undo each change; the runtime merges the overlay into the store only after the transaction has committed
(runtime.md guard 11), so nobody ever sees state ahead of the log.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from msgspec import Struct

from schemas.ids import TenantId

State = TypeVar("State", bound=Struct)


class Key(NamedTuple):
    """Address of a state record: its tenant, its kind (the class name) and its id."""

    tenant_id: TenantId
    kind: str
    record_id: str


class Entry:
    """A state record with the version of its aggregate, 0 where it is no aggregate. Never changed once made.

    A class with slots, so that a restore can put in entries that are decoded when they are first asked for.
    """

    __slots__ = ("value", "version")

    def __init__(self, value: Struct, version: int) -> None:
        self.value = value
        self.version = version

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Entry):
            return NotImplemented
        return self.value == other.value and self.version == other.version

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Entry({self.value!r}, {self.version})"


Group = tuple[TenantId, str, str]


def group_of(key: Key) -> Group:
    """Give (tenant, kind, parent): the parent is the id up to its first '/', or '' where it has none."""
    tenant_id, kind, record_id = key
    parent, slash, _ = record_id.partition("/")
    return tenant_id, kind, parent if slash else ""


class Store:
    """Committed state of one partition, all tenants."""

    def __init__(self) -> None:
        self.entries: dict[Key, Entry] = {}
        self.groups: dict[Group, dict[str, None]] = {}

    def apply(self, changes: dict[Key, Entry | None]) -> None:
        """Merge the changes of a committed cycle; None removes."""
        self.take(changes.items())

    def take(self, changes: Iterable[tuple[Key, Entry | None]]) -> None:
        """Merge changes one after another, as they come."""
        entries = self.entries
        for key, entry in changes:
            if entry is None:
                self._remove(key)
            else:
                if key not in entries:
                    self._group(group_of(key))[key[2]] = None
                entries[key] = entry

    def _group(self, name: Group) -> dict[str, None]:
        group = self.groups.get(name)
        if group is None:
            group = self.groups[name] = {}
        return group

    def _remove(self, key: Key) -> None:
        if self.entries.pop(key, None) is None:
            return
        group = self.groups[group_of(key)]
        del group[key.record_id]
        if not group:
            del self.groups[group_of(key)]

    def sort(self) -> None:
        """Order every group by id: a compacted changelog does not keep the order of first putting.

        Ids whose order matters carry a zero-padded sequence, so both orders are the same.
        """
        for name, group in self.groups.items():
            self.groups[name] = dict.fromkeys(sorted(group))


class Overlay:
    """Changes of one cycle over a store, with an undo log so that a decision can be taken back."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.changes: dict[Key, Entry | None] = {}
        self._added: dict[Group, dict[str, None]] = {}
        self._undo: list[tuple[Key, Entry | None, bool]] = []

    def get(self, key: Key) -> Entry | None:
        """Give the entry as the cycle sees it."""
        if key in self.changes:
            return self.changes[key]
        return self._store.entries.get(key)

    def set(self, key: Key, entry: Entry | None) -> None:
        """Change an entry; None removes it."""
        self._undo.append((key, self.changes.get(key), key in self.changes))
        self.changes[key] = entry
        if entry is not None and key not in self._store.entries:
            self._added.setdefault(group_of(key), {})[key.record_id] = None

    def mark(self) -> int:
        """Give a point that rewind can return to."""
        return len(self._undo)

    def rewind(self, mark: int) -> None:
        """Take back every change since the mark."""
        while len(self._undo) > mark:
            key, entry, was_changed = self._undo.pop()
            if was_changed:
                self.changes[key] = entry
            else:
                del self.changes[key]
                self._added.get(group_of(key), {}).pop(key.record_id, None)

    def members(self, group: Group) -> Iterator[tuple[Key, Entry]]:
        """Give the entries of a group that exist, committed ones first, in their order of putting."""
        tenant_id, kind, _ = group
        for record_ids in (self._store.groups.get(group), self._added.get(group)):
            for record_id in tuple(record_ids or ()):
                key = Key(tenant_id, kind, record_id)
                entry = self.get(key)
                if entry is not None:
                    yield key, entry

    def groups(self, tenant_id: TenantId, kind: str) -> list[Group]:
        """List the groups of a kind that exist in the store or were added."""
        names = dict.fromkeys(
            g
            for groups in (self._store.groups, self._added)
            for g in groups
            if g[:2] == (tenant_id, kind)
        )
        return list(names)


class TenantTables:
    """One tenant's view of an overlay: another tenant's key cannot be spelled (reliability.md §8)."""

    def __init__(self, overlay: Overlay, tenant_id: TenantId) -> None:
        self._overlay = overlay
        self._tenant_id = tenant_id

    def get(self, kind: type[State], record_id: str) -> State | None:
        """Give the record, or None."""
        entry = self._overlay.get(Key(self._tenant_id, kind.__name__, record_id))
        return entry.value if entry is not None else None  # type: ignore[return-value]

    def version(self, kind: type[Struct], record_id: str) -> int:
        """Give the aggregate version of the record, 0 where there is none."""
        entry = self._overlay.get(Key(self._tenant_id, kind.__name__, record_id))
        return entry.version if entry is not None else 0

    def put(self, record_id: str, record: Struct) -> None:
        """Set the record; the aggregate version stays."""
        key = Key(self._tenant_id, type(record).__name__, record_id)
        old = self._overlay.get(key)
        self._overlay.set(key, Entry(record, old.version if old is not None else 0))

    def set_version(self, kind: type[Struct], record_id: str, version: int) -> None:
        """Set the aggregate version of a record that exists; without one there is nothing to version."""
        key = Key(self._tenant_id, kind.__name__, record_id)
        old = self._overlay.get(key)
        if old is not None and old.version != version:
            self._overlay.set(key, Entry(old.value, version))

    def delete(self, kind: type[Struct], record_id: str) -> None:
        """Remove the record."""
        key = Key(self._tenant_id, kind.__name__, record_id)
        if self._overlay.get(key) is not None:
            self._overlay.set(key, None)

    def children(self, kind: type[State], parent: str) -> Iterator[tuple[str, State]]:
        """Give (id, record) of every record with id ``parent/…``, earliest put first."""
        for key, entry in self._overlay.members((self._tenant_id, kind.__name__, parent)):
            yield key.record_id, entry.value  # type: ignore[misc]

    def first(self, kind: type[State], parent: str) -> tuple[str, State] | None:
        """Give the earliest put record with id ``parent/…``, or None."""
        return next(self.children(kind, parent), None)

    def scan(self, kind: type[State]) -> Iterator[tuple[str, State]]:
        """Give (id, record) of every record of the kind."""
        for group in self._overlay.groups(self._tenant_id, kind.__name__):
            for key, entry in self._overlay.members(group):
                yield key.record_id, entry.value  # type: ignore[misc]
