"""The facts that this machine's workers decide on, known again by the ids of their topics (reliability.md F6).

A broker that lost everything and was given empty topics looks like a new factory, and every tenant would silently
begin anew. A topic made anew has another id, whatever its name; so the ids of the fact topics are kept in a file, by
the address of the broker, and other ones are refused at the next assignment. State may be made anew: it follows from
the facts.
"""

import json
import os
from typing import Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection

from schemas.output import OperatorError
from streams.clients import SOFT, again
from streams.layout import Layout
from streams.settings import Settings
from topics.provision import admin_client

FILE: Final = "known-facts.json"
"""File under FACTORY_LOCAL: address of a broker -> name of a topic -> its id."""
_ASK_S: Final = 5.0

Ids = dict[str, str]
"""Topic at the broker -> its id; topics that it lacks are left out."""


class KnownFacts:
    """Tells whether the broker still has the facts that it had."""

    def __init__(self, settings: Settings, layout: Layout) -> None:
        self._settings = settings
        self._names = [layout.physical(topic) for topic in layout.facts]
        self._file = settings.local / FILE

    def check(self) -> None:
        """Return if the facts are those known, and know new ones. Raises OperatorError where they were made anew."""
        book = self._read()
        known = book.get(self._settings.bootstrap, {})
        present = again(self._ids, self._settings.wait_s, SOFT)
        anew = [name for name in self._names if name in known and present.get(name) != known[name]]
        if anew:
            raise OperatorError(
                f"The broker at {self._settings.bootstrap} has lost the facts: {anew[0]} is gone or was made anew. "
                f"Put its data back from a copy; only to begin a new factory there, delete {self._file}."
            )
        if not present.items() <= known.items():
            self._write({**book, self._settings.bootstrap: {**known, **present}})

    def _ids(self) -> Ids:
        admin = admin_client(self._settings.bootstrap)
        asked = admin.describe_topics(TopicCollection(self._names), request_timeout=_ASK_S)
        found = {}
        for name, answer in asked.items():
            try:
                found[name] = str(answer.result(self._settings.wait_s).topic_id)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
        return found

    def _read(self) -> dict[str, Ids]:
        """Read the file; one that is damaged counts as none, as on a machine that is new."""
        try:
            book: dict[str, Ids] = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return book

    def _write(self, book: dict[str, Ids]) -> None:
        beside = self._file.with_name(f".{FILE}.{os.getpid()}")
        try:
            beside.write_text(json.dumps(book, indent=1), encoding="utf-8")
            beside.replace(self._file)
        except OSError as error:
            raise OperatorError(
                f"{self._file} cannot be written ({error.strerror}): free some space there, "
                "or set FACTORY_LOCAL to another folder."
            ) from error
