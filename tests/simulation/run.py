"""Runs histories by their seeds: ``python -m tests.simulation.run [marbles|factory] SEED…`` tells what became of each.

``--shrink`` looks for the fewest steps and kinds of fault with which a seed still fails; ``--defect NAME`` puts a
defect in; ``--table`` runs every defect over the seeds and prints which invariant caught it, and when.
"""

import argparse
import hashlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Final

from tests.simulation.defects import DEFECTS
from tests.simulation.faults import KINDS
from tests.simulation.judge import Verdict, judge_marbles, judge_workflows
from tests.simulation.worker import simulated_clients

JUDGES: Final[dict[str, Callable[..., Verdict]]] = {
    "marbles": judge_marbles,
    "workflows": judge_workflows,
}
"""Kind of history -> what runs and judges one."""


def failures(
    kind: str, seeds: Iterable[int], met: Counter[tuple[str, str]] | None = None
) -> list[str]:
    """Run seeds; give a sentence for each that fails, with the command that runs it alone."""
    found = []
    with simulated_clients():
        for seed in seeds:
            verdict = JUDGES[kind](seed)
            if met is not None:
                met.update(verdict.history.faults.met)
            if verdict.violation is not None:
                again = f"python -m tests.simulation.run {kind} {seed} --shrink"
                found.append(f"seed {seed}: {verdict.violation}\n  again: {again}")
    return found


def fingerprint(kind: str, seed: int) -> str:
    """Give SHA-256 over everything that a history leaves in its logs."""
    with simulated_clients():
        log = JUDGES[kind](seed).history.log
    everything = [
        *sorted(log.records.items()),
        *((n, c.records) for n, c in sorted(log.changelogs.items())),
    ]
    return hashlib.sha256(repr(everything).encode()).hexdigest()


def first_caught(name: str, seeds: Iterable[int]) -> tuple[int, str] | None:
    """Give the first seed in which a defect is caught, and the invariant that catches it."""
    defect = DEFECTS[name]
    with simulated_clients(), defect.change():
        for seed in seeds:
            violation = JUDGES[defect.kind](seed).violation
            if violation is not None:
                return seed, violation.invariant
    return None


def shrink(kind: str, seed: int) -> str:
    """Give the fewest steps with which a seed fails, and the kinds of fault that it does not need."""
    judge = JUDGES[kind]
    verdict = judge(seed)
    if verdict.violation is None:
        return f"seed {seed} holds"
    without: list[str] = []
    for fault in KINDS:
        if judge(seed, without=[*without, fault]).violation is not None:
            without.append(fault)
    steps = next(
        (
            n
            for n in range(1, verdict.history.steps)
            if judge(seed, steps=n, without=without).violation
        ),
        verdict.history.steps,
    )
    violation = judge(seed, steps=steps, without=without).violation
    needed = ", ".join(kind for kind in KINDS if kind not in without)
    return f"seed {seed} fails within {steps} steps with {needed or 'no fault at all'}: {violation}"


def table(seeds: range) -> None:
    """Tell for each defect by what and when it is caught, over all seeds."""
    tell("| defect | caught by | seeds until caught | seeds that catch it |\n|---|---|---|---|")
    for defect in DEFECTS.values():
        caught: dict[int, str] = {}
        with simulated_clients(), defect.change():
            for seed in seeds:
                violation = JUDGES[defect.kind](seed).violation
                if violation is not None:
                    caught[seed] = violation.invariant
        by = ", ".join(f"{name} ({n})" for name, n in Counter(caught.values()).most_common())
        first = min(caught) - seeds.start + 1 if caught else "never"
        tell(f"| {defect.what} | {by} | {first} | {len(caught)} of {len(seeds)} |")


def tell(text: str) -> None:
    """Write a line for people."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Run what the command line names; exit status 1 if a seed fails."""
    given = _arguments()
    first, end = (given.seeds or [0])[0], (given.seeds or [0, 40])[-1]
    seeds = range(first, end if end > first else first + 1)
    if given.table:
        table(seeds)
        return 0
    if given.fingerprint:
        tell(fingerprint(given.kind, first))
        return 0
    begun = time.process_time()
    with DEFECTS[given.defect].change() if given.defect else nullcontext():
        failed = failures(given.kind, seeds)
        if failed and given.shrink:
            with simulated_clients():
                failed = [shrink(given.kind, seed) for seed in seeds]
    cpu_s = time.process_time() - begun
    tell("\n".join([*failed, f"{len(seeds)} seeds, {len(failed)} failed, {cpu_s:.1f} s of CPU"]))
    return bool(failed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.run", description=__doc__)
    parser.add_argument("kind", choices=sorted(JUDGES), nargs="?", default="marbles")
    seeds = "one seed, or the first and the one after the last"
    parser.add_argument("seeds", type=int, nargs="*", help=seeds)
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("--defect", choices=sorted(DEFECTS))
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--fingerprint", action="store_true", help="SHA-256 of all logs of a seed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
