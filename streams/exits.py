"""How a process of this package ends when it may not go on: in doubt, or refused for what a person must put right.

A doubt is answered by its supervisor with a new process, which restores. A refusal would be the same again, so it
ends the supervisor too, with its exit status.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

from schemas.output import OperatorError, printable
from topics.logs import said

log = logging.getLogger(__name__)

DOUBT_EXIT: Final = 70
"""Exit status of a fail-stop: the supervisor starts the process again."""
REFUSED_EXIT: Final = 78
"""Exit status of a process that a person must put something right for (EX_CONFIG of sysexits): no new start."""


def doubt(error: BaseException) -> NoReturn:
    """End the process at once: no handler runs, nothing is flushed, so nothing can make it worse (guard 1)."""
    log.critical("fail-stop: %s", said(error), exc_info=error)
    logging.shutdown()
    os._exit(DOUBT_EXIT)


def refuse(error: OperatorError) -> NoReturn:
    """End the process at once with the error's sentence as its last line on stderr."""
    logging.shutdown()
    sys.stderr.write(f"factory: {printable(str(error))}\n")
    sys.stderr.flush()
    os._exit(REFUSED_EXIT)


@contextmanager
def refusing() -> Iterator[None]:
    """End the process refused where the block raises what a person must put right."""
    try:
        yield
    except OperatorError as error:
        refuse(error)
