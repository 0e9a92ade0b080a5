"""A worker's figures in Prometheus form, made when they are asked for; the cycle only counts (figures.py).

Labels are bounded: topics and refusal codes are literal tables, tenants are the busiest ``SHOWN_TENANTS`` of this
worker and all others as one. No label and no value is taken from a payload.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from schemas.naming import snake
from streams.figures import Board, Figures, Spread
from streams.observe.tally import Buckets

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
PHASES: Final = ("starting", "restoring", "running")

Lag = Callable[[], Mapping[str, int] | None]
"""Gives input topic -> records not decided yet on the partitions held; None where the broker does not say."""

_COUNTERS: Final = {
    "cycles": "Cycles that committed.",
    "records": "Input records decided, set aside or passed by.",
    "outputs": "Records written, state and positions included.",
    "dead_letters": "Records set aside as dead letters.",
    "timers_fired": "Deadlines put on their topic.",
    "restored_partitions": "Partitions taken over with their state.",
    "restored_records": "Changelog records read to restore.",
    "rebuilt_partitions": "Partitions whose state was rebuilt from the facts.",
}
_SPREADS: Final = {
    "cycle_records": ("factory_cycle_records", "Input records of a cycle."),
    "decide_s": ("factory_cycle_decide_seconds", "Time to decide a cycle's records."),
    "commit_s": ("factory_commit_seconds", "Time to write and commit a cycle's transactions."),
    "wait_s": (
        "factory_cycle_wait_seconds",
        "From the broker's taking of a cycle's oldest record to its commit, by this machine's clock.",
    ),
    "timer_late_s": ("factory_timer_lateness_seconds", "From a deadline to its timer."),
}


class WorkerMetrics(Collector):
    """The figures of one worker."""

    def __init__(
        self,
        board: Board,
        lag: Lag,
        *,
        pending_timers: Callable[[], int],
        restore_progress: Callable[[], tuple[int, int]],
    ) -> None:
        self._board = board
        self._pending_timers = pending_timers
        self._restore_progress = restore_progress
        self._lag = lag

    def collect(self) -> Iterable[Metric]:
        """Give every figure as it is now."""
        figures, spread = self._board.figures(), self._board.spread()
        yield from _counters(figures)
        yield from _restoring(*self._restore_progress())
        for name, (metric, said) in _SPREADS.items():
            yield _histogram(metric, said, getattr(spread, name))
        yield from _outcomes(spread)
        yield GaugeMetricFamily(
            "factory_timers_pending", "Deadlines waited for.", self._pending_timers()
        )
        yield from self._behind()

    def _behind(self) -> Iterable[Metric]:
        lag = self._lag()
        yield GaugeMetricFamily(
            "factory_broker_answers", "1 if the broker said its ends.", int(lag is not None)
        )
        behind = GaugeMetricFamily(
            "factory_input_lag_records",
            "Records of an input topic behind what is decided, on the partitions held; markers of"
            " transactions count, so cp.catalogue.v1 may stand above 0.",
            labels=("topic",),
        )
        for topic, records in (lag or {}).items():
            behind.add_metric((topic,), records)
        yield behind


def _counters(figures: Figures) -> Iterable[Metric]:
    for name, said in _COUNTERS.items():
        yield CounterMetricFamily(f"factory_worker_{name}", said, getattr(figures, name))
    yield CounterMetricFamily(
        "factory_worker_restore_seconds", "Time spent taking over partitions.", figures.restore_s
    )
    phase = GaugeMetricFamily("factory_worker_phase", "1 for the present one.", labels=("phase",))
    for name in PHASES:
        phase.add_metric((name,), int(figures.phase == name))
    yield phase
    yield GaugeMetricFamily(
        "factory_worker_partitions", "Partitions held and decided for.", len(figures.positions)
    )


def _restoring(read: int, expected: int) -> Iterable[Metric]:
    yield GaugeMetricFamily(
        "factory_restore_expected_offsets",
        "Offsets of the changelog that the restore in hand, or the last one, has to pass.",
        expected,
    )
    yield GaugeMetricFamily("factory_restore_read_offsets", "Offsets that it has passed.", read)


def _histogram(name: str, said: str, buckets: Buckets) -> Metric:
    bounds = [
        (f"{bound:g}", float(reached))
        for bound, reached in zip(buckets.bounds, buckets.cumulative, strict=True)
    ]
    bounds.append(("+Inf", float(buckets.values)))
    return HistogramMetricFamily(name, said, buckets=bounds, sum_value=buckets.total)


def _outcomes(spread: Spread) -> Iterable[Metric]:
    refusals = CounterMetricFamily(
        "factory_refusals", "Commands refused, by code.", labels=("code",)
    )
    for code, count in sorted(spread.refusals.items()):
        refusals.add_metric((code,), count)
    yield refusals
    tenants = CounterMetricFamily(
        "factory_tenant_outcomes",
        "Commands that ended accepted or refused, by tenant: this worker's busiest, the rest as (others).",
        labels=("tenant", "outcome"),
    )
    for tenant, (accepted, refused) in spread.tenants.items():
        tenants.add_metric((tenant, "accepted"), accepted)
        tenants.add_metric((tenant, "refused"), refused)
    yield tenants


def registry_of(collector: Collector) -> CollectorRegistry:
    """Give a registry with a process's own figures (CPU, memory, garbage collection) beside these."""
    registry = CollectorRegistry()
    for standard in (ProcessCollector, PlatformCollector, GCCollector):
        standard(registry=registry)
    registry.register(collector)
    return registry


def page(registry: CollectorRegistry) -> bytes:
    """Give the text that Prometheus reads."""
    return generate_latest(registry)


class CountMetrics(Collector):
    """Counters of a process that keeps them in a dictionary: name -> how often, under a prefix."""

    def __init__(self, prefix: str, counts: Mapping[str, int]) -> None:
        self._prefix = prefix
        self._counts = counts

    def collect(self) -> Iterable[Metric]:
        """Give each counter as it is now."""
        for name, count in self._counts.items():
            yield CounterMetricFamily(f"{self._prefix}_{snake(name)}", "Records.", count)
