"""One Kafka broker for a test run, in a folder of its own, and none left over from dead runs."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from streams.local import Broker, Kind, process, start_kafka, stop
from topics.settings import local_root

ROOT = local_root() / "test-kafka"
OWNER = "owner"


@contextmanager
def folder_for_this_run(name: str = "broker") -> Iterator[Path]:
    """Give a folder for a broker that nobody else uses; it and its broker are gone at the end."""
    sweep()
    directory = ROOT / f"{os.getpid()}-{name}"
    directory.mkdir(parents=True)
    (directory / OWNER).write_text(f"{os.getpid()} {process.identity(os.getpid())}")
    try:
        yield directory
    finally:
        _remove(directory)


@contextmanager
def broker_to_test_against() -> Iterator[Broker]:
    """Give the broker of `KAFKA_BOOTSTRAP` if it is set, else one for this run."""
    given = os.environ.get("KAFKA_BOOTSTRAP")
    if given:
        yield Broker(given, Kind.GIVEN)
    else:
        with folder_for_this_run() as directory:
            yield start_kafka(directory)


def sweep() -> None:
    """Stop the brokers of test runs that were killed before they could."""
    for directory in ROOT.glob("*"):
        try:
            pid, identity = (directory / OWNER).read_text().split(" ", 1)
        except (OSError, ValueError):
            continue
        if not process.is_running(int(pid), identity):
            _remove(directory)


def _remove(directory: Path) -> None:
    stop(directory)
    # Two sweeps may meet.
    with suppress(FileNotFoundError):
        shutil.rmtree(directory)
