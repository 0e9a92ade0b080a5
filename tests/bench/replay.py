"""How fast facts are replayed: ``python -m tests.bench.replay --tenant T [--json]``, on a running or stopped system.

The state of the tenant is rebuilt from its facts as `factory replay` does it, read from Kafka, chain and sequence
checked, and compared with the live state. Beside it the rate at which these facts were made: the busiest ten seconds of
the tenant's own history, by the times of the facts.
"""

import argparse
import json
import sys
import time
from collections import Counter
from typing import Any, Final

from schemas.output import OperatorError
from streams.settings import from_environment
from streams.tenant_replay import TenantReplay

WINDOW_US: Final = 10_000_000
"""Span in which made facts are counted: ten seconds."""


def measure(tenant: str) -> dict[str, Any]:
    """Give the figures. Raises OperatorError where there is no such tenant or no broker."""
    reader = TenantReplay(from_environment(), tenant)
    live = reader.live()
    begun, cpu = time.perf_counter(), time.process_time()
    replayed = reader.run(live.sequence)
    seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - cpu
    made = Counter(each.envelope.occurred_at // WINDOW_US for each in replayed.history)
    facts = len(replayed.history)
    made_per_s = max(made.values()) / (WINDOW_US / 1e6)
    return {
        "facts": facts,
        "seconds": round(seconds, 2),
        "factsPerS": round(facts / seconds),
        "cpuUsPerFact": round(1e6 * cpu_seconds / facts, 1),
        "madePerS": round(made_per_s),
        "timesAsFast": round(facts / seconds / made_per_s, 1),
        "equal": replayed.digest == live.digest,
        "settings": {
            "tenant": tenant,
            "windowSeconds": WINDOW_US / 1e6,
            "python": sys.version.split()[0],
        },
    }


def main() -> int:
    """Measure and print; give the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--tenant", required=True)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    try:
        figures = measure(given.tenant)
    except OperatorError as error:
        print(error, file=sys.stderr)
        return 1
    if given.json:
        print(json.dumps(figures, indent=1))
    else:
        for name, value in figures.items():
            print(f"{name:14} {value}")
    return 0 if figures["equal"] else 1


if __name__ == "__main__":
    sys.exit(main())
