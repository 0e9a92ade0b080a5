"""How often the garbage collector looks at what a process makes: objects of ours have no cycles, or die young.

A collection walks what lives and finds nothing: over a replay of 45,000 facts that was a quarter of the CPU.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_YOUNG: Final = 50_000
"""New objects between two collections: a batch or a cycle makes some ten thousand, 700 is Python's own."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Make long-lived objects without the collector: before, meanwhile and ever after it leaves them alone."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def collect_seldom() -> None:
    """Leave what was made so far alone, and collect after a batch of new objects rather than within one."""
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)
