"""A worker under the project's own supervisor: ``python -m tests.bench.supervised PREFIX PARTITIONS``.

``BENCH_WORKER`` names the module of the worker, so that a bench kills and restarts toy rules and real ones alike.
"""

import os
import sys

from streams.supervisor import Supervisor

if __name__ == "__main__":
    command = [sys.executable, "-m", os.environ["BENCH_WORKER"], *sys.argv[1:]]
    sys.exit(Supervisor(command, starts_max=100).run())
