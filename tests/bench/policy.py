"""What a policy decision costs: ``python -m tests.bench.policy [--decisions N] [--json]``.

The seed bundle and the request that every assignment makes. ``seen``: asked before, as in a running factory, where
agents, skills and budgets repeat. ``new``: a request never asked before, evaluated by Cedar. ``recorded``: the whole
gate of a decider, with the PolicyDecisionRecorded that it records and evolves. CPU time of this thread.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from processors.governance import gate
from processors.governance.baseline import BASELINE
from processors.governance.cedar import Request, evaluate
from processors.governance.state import BUNDLE_ID, PolicyBundle
from schemas.ids import SYSTEM
from tests.bench.one_partition import TENANT, World
from tests.unit.scenario import Scenario

CONTEXT: Final[dict[str, str | int | bool]] = {
    "agentRole": "Adder",
    "attempt": 1,
    "classificationCeiling": "Internal",
    "cost": 1200,
    "modelPolicy": "economy",
    "skill": "ConnectSoft.Skill.AddOne",
    "tenant": TENANT,
}
ACTION: Final = "agent-task:assign"
ROLES: Final = ("TenantOwner",)


def measured(call: Callable[[int], object], count: int) -> dict[str, float]:
    """Give microseconds of CPU a call: median and 99th percentile."""
    took = []
    for number in range(count):
        begun = time.thread_time_ns()
        call(number)
        took.append((time.thread_time_ns() - begun) / 1000)
    took.sort()
    return {"p50Us": round(took[count // 2], 1), "p99Us": round(took[int(count * 0.99)], 1)}


def measure(count: int) -> dict[str, Any]:
    """Give the figures."""
    world = World()
    world.prepare()
    bundle = world.state(PolicyBundle, SYSTEM, BUNDLE_ID)
    policies = (BASELINE, *bundle.policies)

    def request(cost: int) -> Request:
        context = tuple(sorted({**CONTEXT, "cost": cost}.items()))
        return Request(TENANT, "user:owner", ROLES, ACTION, "Adder", context)

    evaluate(policies, request(0))
    decision = Scenario(tenant=TENANT).decide()
    return {
        "seen": measured(lambda _: evaluate(policies, request(0)), count),
        "new": measured(lambda number: evaluate(policies, request(number + 1)), count),
        "recorded": measured(
            lambda _: gate(
                decision,
                action="agent-task:assign",
                resource="Adder",
                context=CONTEXT,
                roles=("TenantOwner",),
            ),
            count,
        ),
        "settings": {
            "decisions": count,
            "policies": len(policies),
            "python": sys.version.split()[0],
        },
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--decisions", type=int, default=5000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures = measure(given.decisions)
    if given.json:
        print(json.dumps(figures, indent=1))
        return
    for name, value in figures.items():
        print(f"{name:10} {value}")


if __name__ == "__main__":
    main()
