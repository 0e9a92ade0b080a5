"""A supervised worker with something odd in it: ``python -m tests.fault.odd_worker [supervised]``.

It dies of a workflow named POISON, and its clock is ahead of the machine's by what the file in CLOCK_FILE says.
"""

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

from msgspec import Struct

from streams import engine
from streams.app import run_worker
from streams.layout import Layout
from streams.settings import from_environment
from streams.supervisor import Supervisor
from streams.wiring import Decision, Rejection, Rules, standard_rules
from topics import logs

POISON: Final = "poison"
CLOCK_FILE: Final = "FAULT_CLOCK"
"""Environment variable: path of a file with seconds to add to the clock, read at each look at it."""


def dying_rules() -> Rules:
    """Give the real rules, but for one record that ends the process."""
    rules = standard_rules()

    def decide(decision: Decision, command: Struct) -> Rejection | None:
        if getattr(command, "definition_name", "") == POISON:
            os.kill(os.getpid(), signal.SIGKILL)
        return rules.decide(decision, command)

    return replace(rules, decide=decide)


def shifted_clock() -> int:
    """Give the wall clock, microseconds UTC, plus what the file says."""
    shift = float(Path(os.environ[CLOCK_FILE]).read_text() or 0)
    return time.time_ns() // 1000 + int(shift * 1_000_000)


if __name__ == "__main__":
    if CLOCK_FILE in os.environ:
        engine.wall_clock = shifted_clock
    if sys.argv[1:] == ["supervised"]:
        sys.argv.pop()
        logs.configure()
        sys.exit(Supervisor([sys.executable, "-m", "tests.fault.odd_worker"]).run())
    run_worker(from_environment(), Layout(), dying_rules())
