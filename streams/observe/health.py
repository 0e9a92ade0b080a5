"""Two questions about a process: is it alive, may work be given to it. Each answer has its reason."""

from typing import NamedTuple

OK = 200
UNAVAILABLE = 503


class Verdict(NamedTuple):
    """An answer and, where it is no, the reason as a sentence."""

    holds: bool
    reason: str

    @property
    def status(self) -> int:
        """HTTP status that says so."""
        return OK if self.holds else UNAVAILABLE

    def document(self) -> dict[str, str]:
        """Give it as JSON values."""
        return {"status": "ok" if self.holds else "unavailable", "reason": self.reason}


def health(silent_s: float, bound_s: float) -> Verdict:
    """Judge whether the cycle makes progress: an idle one does, a hung one does not, whatever else answers."""
    if silent_s > bound_s:
        return Verdict(False, f"The cycle has made no progress for {silent_s:.0f} s.")
    return Verdict(True, f"The cycle made progress {silent_s:.1f} s ago.")


def readiness(phase: str, partitions: int, alive: Verdict) -> Verdict:
    """Judge whether the worker decides: it has joined, all it was given is restored, and it is alive."""
    if not alive.holds:
        return alive
    if phase != "running":
        return Verdict(False, f"The worker is {phase}.")
    return Verdict(True, f"{partitions} partitions are restored and decided for.")
