"""What was done and what came of it, by row of the table."""

import time
from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass
class Account:
    """The running account of a run."""

    outages: dict[str, list[float]] = field(default_factory=dict)
    """What was measured -> seconds, each once a fault."""
    done: Counter[str] = field(default_factory=Counter)
    """Row -> how often its fault was seen to hit."""
    broken: dict[str, str] = field(default_factory=dict)
    """Row -> what did not hold, in a sentence."""
    not_here: dict[str, str] = field(default_factory=dict)
    """Row -> why this machine cannot do it."""
    notes: list[str] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """Print a line of the running account."""
        print(f"{time.monotonic() - self.begun:7.1f}s  {text}", flush=True)

    def note(self, text: str) -> None:
        """Say something that belongs in the result."""
        self.notes.append(text)
        self.say(text)

    def took(self, what: str, seconds: float) -> None:
        """Note a measured time."""
        self.outages.setdefault(what, []).append(seconds)

    def figures(self) -> dict[str, dict[str, Any]]:
        """Give what was measured -> count, min, median, max in seconds."""
        return {
            name: {
                "count": len(each),
                "min": min(each),
                "median": median(each),
                "max": max(each),
                "each": [round(seconds, 2) for seconds in each],
            }
            for name, each in self.outages.items()
        }
