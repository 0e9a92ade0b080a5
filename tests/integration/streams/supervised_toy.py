"""Run a toy worker under the real supervisor: ``python -m … PREFIX PARTITIONS``."""

import sys

from streams.supervisor import Supervisor

if __name__ == "__main__":
    command = [sys.executable, "-m", "tests.integration.streams.toy_worker", *sys.argv[1:]]
    sys.exit(Supervisor(command).run())
