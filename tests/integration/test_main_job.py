"""The main job as a person runs it: `factory demo`, twice on the same data, and nothing left running."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from streams.local import stop
from tests.broker import folder_for_this_run

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

EXPECTED = (
    "governed-delivery 1.0.0 begins",
    "SolutionArchitect is asked",
    "approval granted",
    "is not valid: component order-events has no file",
    "correction 1 is asked for",
    "workflow completed",
    "StartWorkflow refused, FORBIDDEN",
    "StartWorkflow refused, QUOTA_EXCEEDED",
    "It equals the live one",
    "Nothing was found.",
    "Everything held.",
)
DESCENT = 3
"""Release plan from test report, from source code, from blueprint."""


@pytest.fixture(scope="module")
def local() -> Iterator[Path]:
    with folder_for_this_run("demo") as folder:
        yield folder
        stop(folder / "kafka")


def factory(local: Path, *arguments: str, **popen: object) -> "subprocess.Popen[str]":
    environment = {**os.environ, "FACTORY_LOCAL": str(local)}
    environment.pop("KAFKA_BOOTSTRAP", None)
    return subprocess.Popen(
        [sys.executable, "-m", "streams.cli", *arguments],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **popen,  # type: ignore[call-overload]
    )


def processes_of(local: Path) -> list[str]:
    """List the command lines of processes that work in the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and str(local) in (entry / "environ").read_bytes().decode(
                errors="replace"
            ):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def longest_descent(output: str) -> int:
    """Give over how many levels the shown lineage leads from an artifact to the one that all began with."""
    edges = dict(re.findall(r"(art-\S+) +DERIVED_FROM +Artifact +(art-\S+)", output))
    lengths = []
    for artifact in edges:
        walked = [artifact]
        while walked[-1] in edges and len(walked) <= len(edges):
            walked.append(edges[walked[-1]])
        lengths.append(len(walked) - 1)
    return max(lengths, default=0)


def test_the_demo_runs_from_command_to_proof_twice_and_leaves_nothing_running(local: Path) -> None:
    for _ in range(2):
        with factory(local, "demo") as process:
            output, _ = process.communicate(timeout=180)
        assert process.returncode == 0, output[-3000:]
        missing = [text for text in EXPECTED if text not in output]
        assert missing == [], output[-3000:]
        assert longest_descent(output) == DESCENT
        assert processes_of(local) == []


def test_run_stays_up_until_it_is_interrupted_and_stops_all_it_started(local: Path) -> None:
    with factory(local, "up", "--agents", "adder", start_new_session=True) as process:
        lines = lines_until(process, "Press Ctrl-C")
        record = json.loads((local / "run" / "system.json").read_text())
        names = {"worker-1", "worker-2", "query", "feed", "agent-adder", "broker"}
        assert names <= set(record["pids"])
        assert re.search(r"Query API +http://127\.0\.0\.1:\d+", lines)
        with factory(local, "up") as second:
            told, _ = second.communicate(timeout=60)
        assert second.returncode == 1
        assert "running already" in told
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) == 0
    deadline = time.monotonic() + 10
    while processes_of(local) and time.monotonic() < deadline:
        os.sched_yield()
    assert processes_of(local) == []


def lines_until(process: "subprocess.Popen[str]", text: str) -> str:
    """Read what a process prints up to the line with the text."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            break
    return "".join(lines)
