"""How much one instance records in one decision before it waits for somebody: bounded in facts and in bytes."""

from typing import Final

from msgspec import Struct

from processors.decision import Decision
from processors.workflow.limits import DOCUMENT_BYTES_AT_ONCE_MAX, FACTS_MAX

_DOCUMENTS: Final = ("document", "output", "inputs", "intent")
"""Fields of facts whose size follows from what people and agents wrote."""


class Burst:
    """Counts what a decision records from now on."""

    def __init__(self, decision: Decision) -> None:
        self._recorded = decision.recorded
        self._begun = self._seen = len(decision.recorded)
        self._bytes = 0

    def excess(self) -> str | None:
        """Give which bound the burst is beyond, as a sentence, or None; O(facts since the last call)."""
        for recorded in self._recorded[self._seen :]:
            self._bytes += _size(recorded.fact)
        self._seen = len(self._recorded)
        if self._seen - self._begun > FACTS_MAX:
            return f"more than {FACTS_MAX} facts at once"
        if self._bytes > DOCUMENT_BYTES_AT_ONCE_MAX:
            return f"more than {DOCUMENT_BYTES_AT_ONCE_MAX} bytes of documents at once"
        return None


def _size(fact: Struct) -> int:
    return sum(len(getattr(fact, name, "")) for name in _DOCUMENTS)
