"""What a worker looks at before it joins the others: whatever it would decide wrongly under ends it with one sentence.

Nothing is written here, no group is joined, no producer opened, so a worker that may not start disturbs none that
runs. Looked at: the topics' partitions, the newest records of state and facts (their schemas are known, the state was
written under as many partitions and under a lease key that is held here). What lies deeper is met by a restore or a
rebuild, which refuse in the same way (newer.py).
"""

from collections.abc import Callable, Iterable
from typing import Final

from confluent_kafka import IsolationLevel, Message
from confluent_kafka.admin import AdminClient, OffsetSpec
from msgspec import Struct

from schemas.codec import decode_envelope, decode_state, entry_of
from schemas.errors import PayloadInvalidError, PoisonError, UnknownSchemaError
from schemas.messages.runtime.state import InputPositions
from schemas.output import OperatorError
from streams.clients import SOFT, Place, again, place_of
from streams.keys import HmacLeaseKeys, key_file
from streams.layout import Layout
from streams.newer import other_state, unknown_record
from streams.restore import read_committed, unwatched
from streams.settings import Settings
from streams.state_key import POSITIONS_KEY
from topics import naming
from topics.ends import listed_offsets
from topics.provision import admin_client

_TAIL: Final = 32
"""Records looked at from the end of each log: some of the newest cycles, and rarely none of them."""
_FURTHER: Final = 32
"""How many times as far back a partition of the state is read while no positions were found."""
_ASK_S: Final = 5.0

Ask = Callable[[], dict[str, int]]
"""Gives topic at the broker -> number of its partitions."""


class Start:
    """Looks at a factory's topics for one worker. ``beat`` is called whenever an answer came."""

    def __init__(
        self,
        settings: Settings,
        layout: Layout,
        keys: HmacLeaseKeys,
        beat: Callable[[], None] = unwatched,
    ) -> None:
        self._settings = settings
        self._layout = layout
        self._keys = keys
        self._beat = beat
        self._admin: AdminClient = admin_client(settings.bootstrap)

    def check(self) -> None:
        """Return if the worker may start. Raises OperatorError with what is wrong and how to mend it."""
        counts = again(self._counts, self._settings.wait_s, SOFT)
        self._beat()
        check_counts(counts, self._layout)
        self._check_records()

    def _counts(self) -> dict[str, int]:
        found = self._admin.list_topics(timeout=_ASK_S).topics
        return {name: len(topic.partitions) for name, topic in found.items()}

    def _places(self, topics: Iterable[str]) -> list[Place]:
        numbers = range(self._layout.partitions)
        return [(self._layout.physical(topic), number) for topic in topics for number in numbers]

    def _check_records(self) -> None:
        """Look at the newest records of facts and state, of a partition's state further back where no positions are."""
        state = self._layout.physical(naming.STATE)
        newest: dict[int, InputPositions] = {}

        def take(message: Message) -> None:
            topic, number = place_of(message)
            if topic != state:
                check_fact(f"{topic}:{number}:{message.offset()}", message.value())
                return
            record = readable(number, message.key(), message.value())
            if message.key() == POSITIONS_KEY and isinstance(record, InputPositions):
                newest[number] = record

        places, depth = self._places([*self._layout.facts, naming.STATE]), _TAIL
        while places:
            longer = self._read_tails(places, depth, take)
            places = [place for place in longer if place[0] == state and place[1] not in newest]
            depth *= _FURTHER
        for number, positions in sorted(newest.items()):
            check_written(number, positions, self._layout.partitions)
            check_key(number, positions.lease_key, self._keys, self._settings)

    def _read_tails(
        self, places: list[Place], depth: int, take: Callable[[Message], None]
    ) -> list[Place]:
        """Hand the last committed records of each log to ``take``; give the logs that hold more.

        Up to the last stable offset: a transaction that a killed worker left open is not waited for.
        """
        earliest, latest = OffsetSpec.earliest(), OffsetSpec.latest()  # type: ignore[no-untyped-call]
        ends, firsts = self._listed(places, latest), self._listed(places, earliest)
        starts = {place: max(firsts[place], ends[place] - depth) for place in places}
        read_committed(self._settings, ends, starts, take, self._beat)
        return [place for place in places if starts[place] > firsts[place]]

    def _listed(self, places: list[Place], spec: OffsetSpec) -> dict[Place, int]:
        level = IsolationLevel.READ_COMMITTED
        return again(
            lambda: listed_offsets(self._admin, places, spec, level), self._settings.wait_s, SOFT
        )


def check_counts(counts: dict[str, int], layout: Layout) -> None:
    """Compare the topics' partitions with what decides a tenant's place. Raises OperatorError."""
    topics = (*layout.inputs, *layout.facts, naming.STATE, naming.DEAD_LETTERS)
    names = [layout.physical(topic) for topic in topics]
    missing = [name for name in names if name not in counts]
    if missing:
        raise OperatorError(
            f"The broker lacks {len(missing)} topics, {missing[0]} first: create them with "
            "`factory topics provision`."
        )
    others = [name for name in names if counts[name] != layout.partitions]
    if others:
        raise OperatorError(
            f"{len(others)} of {len(names)} topics have another partition count than {layout.partitions}, "
            f"{others[0]} has {counts[others[0]]}, so tenants would lose their place: start the release that "
            "made the topics, or name a broker that `factory topics check` finds nothing wrong with."
        )


def check_fact(where: str, value: bytes | None) -> None:
    """Check that the schema of a fact is known; ``where`` names its place. Raises OperatorError.

    What is no envelope at all was written by no worker of any release: `factory verify` finds it, and no start stops
    for it.
    """
    try:
        entry_of(decode_envelope(value).payload_schema_id)
    except UnknownSchemaError as error:
        raise unknown_record(where, error) from error
    except PoisonError:
        return


def readable(partition: int, raw_key: bytes | None, value: bytes | None) -> Struct | None:
    """Give a state record, None where it was deleted. Raises OperatorError for one of another release."""
    if raw_key is None or value is None:
        return None
    try:
        return decode_state(value)[0]
    except (PoisonError, PayloadInvalidError) as error:
        raise other_state(partition, raw_key, error) from error


def check_written(number: int, positions: InputPositions, partitions: int) -> None:
    """Compare how many partitions the state was written under with how many there are. Raises OperatorError."""
    if positions.partitions not in {0, partitions}:
        raise OperatorError(
            f"Partition {number} of {naming.STATE} was written when there were {positions.partitions} partitions, "
            f"now there are {partitions}, so tenants would lose their place: a partition count is never changed, "
            "put the topics back from a copy or start over with another broker folder."
        )


def check_key(number: int, noted: str, keys: HmacLeaseKeys, settings: Settings) -> None:
    """Check that the key which the state was last written under is held here, newest or older. Raises OperatorError."""
    key_id = noted.partition(".")[0]
    if not noted or keys.checks.get(key_id) == noted:
        return
    held = "FACTORY_LEASE_SECRET" if settings.lease_secret else str(key_file(settings.local))
    wrong = f"has another key {key_id} than" if key_id in keys.checks else f"lacks key {key_id},"
    raise OperatorError(
        f"The lease secret in {held} {wrong} the one that partition {number} of {naming.STATE} was written under: "
        "put the secret there that the factory's other workers have; "
        f"a new one takes a new id and goes before the old (new:...,{key_id}:...)."
    )
