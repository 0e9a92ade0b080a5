"""What a worker can say of itself: counted by the cycle, shown on its status page. Never part of a fact."""

import threading
from dataclasses import asdict, dataclass, field


@dataclass(slots=True)
class Figures:
    """Counters of one process; durations in seconds."""

    cycles: int = 0
    records: int = 0
    outputs: int = 0
    dead_letters: int = 0
    timers_fired: int = 0
    restored_partitions: int = 0
    restored_records: int = 0
    restore_s: float = 0.0
    rebuilt_partitions: int = 0
    decide_s: float = 0.0
    commit_s: float = 0.0
    phase: str = "starting"
    positions: dict[int, dict[str, int]] = field(default_factory=dict)


class Board:
    """Figures shared between the cycle's thread, which writes, and the status page, which reads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._figures = Figures()

    def update(self, **changes: float | str | dict[int, dict[str, int]]) -> None:
        """Set figures by name."""
        with self._lock:
            for name, value in changes.items():
                setattr(self._figures, name, value)

    def add(self, **amounts: float) -> None:
        """Add to figures by name."""
        with self._lock:
            for name, amount in amounts.items():
                setattr(self._figures, name, getattr(self._figures, name) + amount)

    def document(self) -> dict[str, object]:
        """Give all figures as JSON values; ``partitions`` are those that are restored and decided for."""
        with self._lock:
            figures = asdict(self._figures)
        named = {_camel(name): value for name, value in figures.items()}
        return {"partitions": sorted(figures["positions"]), **named}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
