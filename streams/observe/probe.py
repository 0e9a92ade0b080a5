"""Ask this container's own process for its health: ``python -m streams.observe.probe [healthz|readyz]``.

Ends with 0 if it is, 1 if not, and says why; for health checks of containers. Only the standard library: it runs
every few seconds. The port is that of the environment; a process without one (a one-shot command) has nothing to say.
"""

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Final

PORTS: Final = ("FACTORY_WORKER_PORT", "FACTORY_API_PORT")
TIMEOUT_S: Final = 4.0
PATHS: Final = ("healthz", "readyz")


def probe(path: str, environ: Mapping[str, str] = os.environ) -> tuple[bool, str]:
    """Give whether the process says that it is well, and its words."""
    port = next((environ[name] for name in PORTS if environ.get(name, "0") != "0"), None)
    if port is None:
        return True, "no port is set, so nothing is asked"
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=TIMEOUT_S) as answer:
            return True, answer.read().decode()
    except urllib.error.HTTPError as error:
        return False, error.read().decode()
    except OSError as error:
        return False, f"nothing answers at port {port}: {error}"


def main(arguments: list[str]) -> int:
    """Probe; give the exit code: 2 for a path that does not exist."""
    path = arguments[0] if arguments else PATHS[0]
    if path not in PATHS:
        sys.stderr.write(f"usage: python -m streams.observe.probe [{'|'.join(PATHS)}]\n")
        return 2
    is_well, said = probe(path)
    sys.stdout.write(said.rstrip() + "\n")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
