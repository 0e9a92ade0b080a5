"""A query process over topics of its own on the session's broker."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from query.access import issue
from query.decode import Raw
from query.settings import Settings, keys_folder
from query.verify.reader import JUDGED_INPUTS
from tests.unit.query.recorded import Recorded
from topics.catalogue import INPUT_TOPICS, TOPICS
from topics.model import PARTITIONS
from topics.provision import admin_client, provision
from topics.settings import client_options, producer_options

ROOT = Path(__file__).resolve().parents[3]
DEADLINE_S = 90.0


def until(what: Callable[[], bool], said: str, deadline_s: float = DEADLINE_S) -> None:
    """Wait for a condition; fail with what it was."""
    end = time.monotonic() + deadline_s
    while not what():
        assert time.monotonic() < end, f"not in {deadline_s:.0f} s: {said}"
        time.sleep(0.02)


class Bench:
    """Topics under a prefix, a writer of recorded logs, and query processes that read them."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.bootstrap = bootstrap
        self.folder = folder
        self.prefix = f"q{secrets.token_hex(4)}."
        self.group = f"{self.prefix}worker"
        provision(
            admin_client(bootstrap), [replace(row, name=self.prefix + row.name) for row in TOPICS]
        )
        self.settings = Settings(bootstrap=bootstrap, local=folder, topic_prefix=self.prefix)

    def write(self, raws: Iterable[Raw], *, abort: bool = False) -> None:
        """Append records: inputs as senders do, what was decided in one transaction as workers do."""
        records = list(raws)
        sender = Producer(producer_options(self.bootstrap))
        for raw in records:
            if raw.position.topic in INPUT_TOPICS:
                self._produce(sender, raw)
        assert sender.flush(30) == 0
        producer = Producer(
            {**producer_options(self.bootstrap), "transactional.id": secrets.token_hex(8)}
        )
        producer.init_transactions(30)
        producer.begin_transaction()
        for raw in records:
            if raw.position.topic not in INPUT_TOPICS:
                self._produce(producer, raw)
        if abort:
            producer.abort_transaction(30)
        else:
            producer.commit_transaction(30)

    def _produce(self, producer: Producer, raw: Raw) -> None:
        topic, partition, _ = raw.position
        producer.produce(self.prefix + topic, raw.value, raw.key, partition=partition)

    def decide(self, positions: dict[tuple[str, int], int]) -> None:
        """Say for the workers' group how far each input topic is decided."""
        places = [
            TopicPartition(self.prefix + topic, partition, offset)
            for (topic, partition), offset in positions.items()
            if offset
        ]
        consumer = Consumer({**client_options(self.bootstrap), "group.id": self.group})

        def committed() -> bool:
            # The broker makes its offsets topic at the first use, which takes a while on a busy machine.
            with suppress(KafkaException):
                consumer.commit(offsets=places, asynchronous=False)
                return True
            return False

        until(committed, "the group's positions are committed", 90)
        consumer.close()

    def decided(self, log: Recorded) -> dict[tuple[str, int], int]:
        """Give the positions after every command of a recorded log."""
        return {
            (topic, partition): log.offsets[topic, partition]
            for topic in JUDGED_INPUTS
            for partition in range(PARTITIONS)
        }

    @contextmanager
    def serving(self, **environment: str) -> Iterator["Process"]:
        """Run ``factory query serve``; it is killed at the end if it still runs."""
        process = Process(self, environment)
        try:
            yield process
        finally:
            process.kill()

    def environ(self, **more: str) -> dict[str, str]:
        """Give the environment of our commands."""
        return {
            **os.environ,
            "KAFKA_BOOTSTRAP": self.bootstrap,
            "FACTORY_LOCAL": str(self.folder),
            "FACTORY_TOPIC_PREFIX": self.prefix,
            **more,
        }

    def run(self, arguments: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one of our commands to its end."""
        return subprocess.run(
            [sys.executable, "-m", "streams.cli", *arguments],
            cwd=ROOT,
            env=self.environ(**environment),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )


class Process:
    """A running query process."""

    def __init__(self, bench: Bench, environment: dict[str, str]) -> None:
        self._bench = bench
        self._log = (bench.folder / f"serve-{secrets.token_hex(4)}.log").open("w+")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "streams.cli", "query", "serve", "--port", "0"],
            cwd=ROOT,
            env=bench.environ(**environment),
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        until(self._answers, f"the API answers; it said: {self.said()}")

    @property
    def url(self) -> str:
        return (self._bench.folder / "run" / "api-url").read_text().strip()

    def said(self) -> str:
        self._log.flush()
        return Path(self._log.name).read_text()

    def _answers(self) -> bool:
        assert self._process.poll() is None, self.said()
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == httpx.codes.OK
        except (OSError, httpx.HTTPError):
            return False

    def get(self, path: str, tenant: str = "acme", *roles: str, **query: Any) -> httpx.Response:
        """Ask as the tenant."""
        bearer = issue(
            keys_folder(self._bench.folder), tenant, roles=frozenset(roles or {"Viewer"})
        )
        headers = {"Authorization": f"Bearer {bearer}"}
        return httpx.get(f"{self.url}/api/v1{path}", params=query, headers=headers, timeout=30)

    def stop(self) -> int:
        """End it as a supervisor does; give its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(20)

    def kill(self) -> None:
        """End it without a word."""
        self._process.kill()
        self._process.wait(20)
        self._log.close()
