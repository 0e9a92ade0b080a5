"""What the operators' view costs the cycle: ``python -m tests.bench.observing [--json]``.

The real cycle on the toy's rules, with inputs and transactions that cost nothing, so that all CPU is deciding, sealing,
state and the view itself. CPU of the whole process per command, by size of a cycle: without the view's counting, as it
is without an endpoint, and with spans (made in their thread and thrown away, sending not counted). The three take
turns, so that what else the machine does meets all alike; the figure is the median of the rounds.
"""

import argparse
import json
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final, cast

from schemas.codec import encode_envelope, encode_payload
from schemas.ids import PrincipalId, TenantId
from schemas.messages.envelope import Envelope
from streams.breadcrumb import Breadcrumb
from streams.crashpoints import CrashPoints
from streams.cycle import Cycle, Parts
from streams.figures import Board
from streams.inputs import Positions
from streams.layout import ORDER, Layout
from streams.observe.decisions import DecisionSpans
from streams.pace import Pace
from streams.partition import Partition
from streams.records import InputRecord
from streams.wiring import LeaseKeys, Store
from streams.work import Rulebook, Work
from tests.integration.streams import toy
from topics import naming
from topics.spans import Span

SIZES: Final = (1, 16, 64)
ROUNDS: Final = 7
COMMANDS: Final = 960
"""Commands of a round; each size divides it."""
VARIANTS: Final = ("without", "off", "on")


class Nothing:
    """Inputs, transactions, keeper and timers that do nothing but hand over records."""

    joined = True

    def __init__(self, partition: Partition) -> None:
        self.partition = partition
        self.records: list[InputRecord] = []

    def poll(self, _limit: int, _timeout_s: float, _gather_s: float) -> list[InputRecord]:
        """Give what was put there."""
        records, self.records = self.records, []
        return records

    def group(self) -> object:
        """Give nothing."""
        return None

    def own(self, numbers: list[int]) -> None:
        """Own nothing."""

    def commit(self, works: list[Work], group: object) -> None:
        """Write nothing."""

    def keep(
        self, _held: dict[int, Partition], _numbers: list[int], _stable: Positions
    ) -> dict[int, Partition]:
        """Give the one partition."""
        return {0: self.partition}

    def step(self, partitions: dict[int, Partition]) -> None:
        """Fire nothing."""

    def wait_s(self, _partitions: dict[int, Partition], _longest: float) -> float:
        """Wait for nothing."""
        return 0.0


class Dropped:
    """Spans that are made and thrown away."""

    count = 0

    def emit(self, span: Span) -> None:
        """Count it."""
        self.count += bool(span.name)

    def close(self) -> None:
        """Nothing is left."""


class Bench:
    """A cycle over one partition."""

    def __init__(self, folder: Path, variant: str) -> None:
        rules, crumb = toy.rules(), Breadcrumb(folder / variant)
        self._trace = DecisionSpans(Dropped(), crumb) if variant == "on" else None
        book = Rulebook(
            rules=rules,
            layout=Layout(partitions=1, admits=toy.admits),
            keys=cast("LeaseKeys", None),
            genesis=None,
            in_hand=crumb if self._trace is None else self._trace.hand,
        )
        start = Partition(0, Store(), dict.fromkeys(ORDER, 0), rules, horizon_us=10**9)
        self._nothing, self._offset = Nothing(start), 0
        board = Board()
        if variant == "without":
            board.cycle = lambda **_: None  # type: ignore[method-assign]
        self._cycle = Cycle(
            Parts(
                book=book,
                transactions=self._nothing,
                keeper=self._nothing,
                timers=self._nothing,
                crash=CrashPoints(""),
                pace=Pace(100_000, 2000, 0),
                board=board,
                breadcrumb=crumb,
                idle_s=0,
                beat=lambda: None,
                trace=self._trace,
            )
        )
        self._cycle.adopt([0], {0: dict.fromkeys(ORDER, 0)})

    def cpu_us(self, size: int) -> float:
        """Decide COMMANDS in cycles of a size; give microseconds of CPU a command."""
        batches = [self._batch(size) for _ in range(COMMANDS // size)]
        began = time.process_time_ns()
        for batch in batches:
            self._nothing.records = batch
            done = self._cycle.run_once(self._nothing)
            if done != size:
                raise AssertionError(f"{done} of {size} were decided")
        return (time.process_time_ns() - began) / COMMANDS / 1000

    def _batch(self, size: int) -> list[InputRecord]:
        now = time.time_ns() // 1000
        found = []
        for _ in range(size):
            number, self._offset = self._offset, self._offset + 1
            found.append(_record(number, now))
        return found


def _record(offset: int, now: int) -> InputRecord:
    tenant = f"t{offset % 30}"
    schema_id, payload = encode_payload(toy.AddMarbles(jar_id=f"j{offset % 7}", count=1))
    moment = f"{now // 1000:012x}"
    envelope = Envelope(
        event_id=f"cmd-{moment[:8]}-{moment[8:]}-7000-8000-{offset:012x}",
        event_type="AddMarbles",
        kind="command",
        tenant_id=TenantId(tenant),
        trace_id=f"{offset + 1:032x}",
        correlation_id="corr-1",
        occurred_at=now,
        actor_type="user",
        actor_id=PrincipalId("user:olga"),
        payload_schema_id=schema_id,
        payload=payload,
    )
    value = encode_envelope(envelope)
    return InputRecord(naming.COMMANDS, 0, offset, tenant.encode(), value, [], now)


def measure(folder: Path) -> dict[str, dict[str, float]]:
    """Give size -> variant -> microseconds of CPU a command, and what tracing and counting add."""
    found: dict[str, dict[str, float]] = {}
    for size in SIZES:
        benches = {variant: Bench(folder, variant) for variant in VARIANTS}
        rounds: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
        for _ in range(ROUNDS):
            for variant, bench in benches.items():
                rounds[variant].append(bench.cpu_us(size))
        found[str(size)] = {v: round(statistics.median(r), 1) for v, r in rounds.items()}
    return found


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder))
    if as_json:
        settings = {"python": platform.python_version(), "rounds": ROUNDS, "commands": COMMANDS}
        print(json.dumps({"cpuUsPerCommand": found, "settings": settings}, indent=1))
        return
    for size, figures in found.items():
        print(f"{size:>3} a cycle: " + ", ".join(f"{v} {us} µs" for v, us in figures.items()))


if __name__ == "__main__":
    main()
