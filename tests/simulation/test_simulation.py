"""The program's own parts under seeded histories: crashes anywhere, zombies, rebalances, doubts, losses, late timers.

A seed that fails is named with the command that runs it alone and looks for what it needs to fail.
"""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from schemas.codec import decode_envelope
from streams.crashpoints import POINTS
from tests.simulation.judge import judge_workflows
from tests.simulation.run import JUDGES, failures, fingerprint
from tests.simulation.worker import simulated_clients

pytestmark = pytest.mark.timeout(600)
"""Seconds of a test here are those of its CPU, a few; a busy machine may take many times as long."""
ROOT: Final = Path(__file__).parents[2]
SEEDS_A_TEST: Final = 60
MET_AT_POINTS: Final = ("crash", "away")
"""At every named place the process ends, and elsewhere stands still while its partitions are given away."""
MET: Final = frozenset(
    {
        "doubt",
        "hiccup",
        "rebalance",
        "unstable",
        "timer-late",
        "send-lost",
        "ack-lost",
        "send-twice",
    }
    | {"group-lost", "changelog-lost", "compaction", "clock-skew", "long-wait"}
)


def hold(kind: str, seeds: range) -> None:
    """Check that no seed fails, and that together they met every fault at every place."""
    met: Counter[tuple[str, str]] = Counter()
    failed = failures(kind, seeds, met)
    assert not failed, "\n".join(failed)
    missing = {(fault, point) for fault in MET_AT_POINTS for point in POINTS} - met.keys()
    assert not missing
    assert {fault for fault, _ in met} >= MET


@pytest.mark.parametrize("first", range(0, 240, SEEDS_A_TEST))
def test_no_history_of_marbles_breaks_an_invariant(first: int) -> None:
    hold("marbles", range(first, first + SEEDS_A_TEST))


@pytest.mark.parametrize("first", range(0, 80, 20))
def test_no_history_of_workflows_breaks_an_invariant(first: int) -> None:
    failed = failures("workflows", range(first, first + 20))
    assert not failed, "\n".join(failed)


@pytest.mark.fault
@pytest.mark.parametrize("first", range(1_000, 1_400, 50))
def test_none_of_many_histories_of_workflows_breaks_an_invariant(first: int) -> None:
    failed = failures("workflows", range(first, first + 50))
    assert not failed, "\n".join(failed)


@pytest.mark.fault
@pytest.mark.parametrize("first", range(1_000, 3_000, 100))
def test_none_of_many_histories_of_marbles_breaks_an_invariant(first: int) -> None:
    hold("marbles", range(first, first + 100))


def test_the_histories_of_workflows_visit_what_they_are_for() -> None:
    seen: Counter[str] = Counter()
    with simulated_clients():
        for seed in range(12):
            log = judge_workflows(seed).history.log
            for topic in log.layout.facts:
                seen.update(decode_envelope(r.value).event_type for r in log.everything(topic))
    assert seen.keys() >= {
        "AgentLeaseExtended",
        "AgentTaskExpired",
        "AgentTaskFailed",
        "ApprovalGranted",
        "ApprovalRejected",
        "QuotaExceeded",
        "QuotaOverridden",
        "QuotaReleased",
        "QuotaSettled",
        "StaleResultRecorded",
        "TenantSuspended",
        "WorkflowInstanceBlocked",
        "WorkflowInstanceCompleted",
        "WorkflowInstanceFailed",
    }


@pytest.mark.parametrize("kind", sorted(JUDGES))
def test_a_seed_is_the_same_history_in_every_process(kind: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.simulation.run", kind, "7", "--fingerprint"],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == fingerprint(kind, 7)
