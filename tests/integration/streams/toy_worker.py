"""Run a worker of the toy context: ``python -m tests.integration.streams.toy_worker PREFIX PARTITIONS``."""

import sys

from streams.app import run_worker
from streams.layout import Layout
from streams.settings import from_environment
from tests.integration.streams import toy

if __name__ == "__main__":
    prefix, partitions = sys.argv.pop(1), int(sys.argv.pop(1))
    run_worker(
        from_environment(),
        Layout(prefix=prefix, partitions=partitions, admits=toy.admits),
        toy.rules(),
    )
