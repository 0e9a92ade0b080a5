"""Run a worker of the real rules on a test's topics: ``python -m … PREFIX PARTITIONS``."""

import sys

from streams.app import run_worker
from streams.layout import Layout
from streams.settings import from_environment
from streams.wiring import standard_rules

if __name__ == "__main__":
    prefix, partitions = sys.argv.pop(1), int(sys.argv.pop(1))
    run_worker(from_environment(), Layout(prefix=prefix, partitions=partitions), standard_rules())
