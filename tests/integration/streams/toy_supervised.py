"""A toy worker under its supervisor: ``python -m … <prefix> <partitions>``."""

import logging
import sys

from streams.supervisor import Supervisor
from tests.integration.streams.factory import TOY_WORKER

if __name__ == "__main__":
    logging.basicConfig(level="INFO", format="%(name)s %(message)s")
    command = [sys.executable, "-m", TOY_WORKER, *sys.argv[1:]]
    raise SystemExit(Supervisor(command, has_successors=True).run())
