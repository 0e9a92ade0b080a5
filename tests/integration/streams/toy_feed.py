"""Run a feed on a test's topics: ``python -m tests.integration.streams.toy_feed PREFIX PARTITIONS``."""

import sys

from streams.feed import run_feed
from streams.layout import Layout
from streams.settings import from_environment

if __name__ == "__main__":
    prefix, partitions = sys.argv.pop(1), int(sys.argv.pop(1))
    run_feed(from_environment(), Layout(prefix=prefix, partitions=partitions))
