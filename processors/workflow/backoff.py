"""When a failed attempt is tried again: exponential, capped, with jitter derived from ids."""

import hashlib

from processors.workflow.definition.model import Retry


def retry_at(retry: Retry, seed: str, failures: int, now: int, at_least: int = 0) -> int:
    """Give the instant of the next attempt after the ``failures``-th failure, microseconds UTC.

    The pause lies between a half and the whole of the exponential delay: drawn from ``seed`` and the count, so that
    tasks that failed together do not come back together, and a re-run of the decision gives the same instant.
    ``at_least``: what the failing side asked for (retry-after), microseconds.
    """
    longest = min(retry.delay_micros * retry.factor ** (failures - 1), retry.delay_micros_max)
    draw = hashlib.sha256(f"{seed}|{failures}".encode()).digest()[:4]
    share = 0.5 + int.from_bytes(draw, "big") / 2**33
    return now + max(int(longest * share), at_least)
