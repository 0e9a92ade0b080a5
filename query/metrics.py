"""The query process's figures in Prometheus form, made when they are asked for. No label is taken from a payload."""

from collections.abc import Iterable
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from query.projector import Progress
from query.watch import Watch

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_COUNTERS: Final = {
    "records": ("records", "Records read."),
    "rows": ("rows", "Rows written."),
    "batches": ("batches", "Transactions of the database."),
    "dead_letters": ("dead_letters", "Dead letters shown, of the workers and of this process."),
    "repeated": ("repeated_records", "Records that were known already."),
    "busy_s": ("busy_seconds", "CPU time of the projector."),
}


class QueryMetrics(Collector):
    """The figures of one projector."""

    def __init__(self, progress: Progress, watch: Watch) -> None:
        self._progress = progress
        self._watch = watch

    def collect(self) -> Iterable[Metric]:
        """Give every figure as it is now."""
        progress = self._progress
        for name, (metric, said) in _COUNTERS.items():
            value = getattr(progress, name)
            yield CounterMetricFamily(f"factory_projector_{metric}", said, value)
        for metric, said, gauge in (
            ("held_records", "Records read that wait for a predecessor.", progress.held),
            ("held_tenants", "Tenants that stand still for one.", len(progress.missing)),
            ("caught_up", "1 once every partition was read to its end.", progress.has_caught_up),
            ("problem", "1 while nothing moves.", bool(progress.problem)),
        ):
            yield GaugeMetricFamily(f"factory_projector_{metric}", said, float(gauge))
        yield from self._behind()

    def _behind(self) -> Iterable[Metric]:
        behind = self._watch.behind()
        yield GaugeMetricFamily(
            "factory_broker_answers",
            "1 if the broker said its ends.",
            int(behind.by_topic is not None),
        )
        yield GaugeMetricFamily(
            "factory_projector_stale_seconds",
            "The views lack something that the log held so long ago.",
            behind.stale_s,
        )
        lag = GaugeMetricFamily(
            "factory_projector_lag_records", "Records not read yet.", labels=("topic",)
        )
        for topic, records in sorted((behind.by_topic or {}).items()):
            lag.add_metric((topic,), records)
        yield lag


class MetricsPage:
    """Gives the text that Prometheus reads, with the process's own figures beside."""

    def __init__(self, progress: Progress, watch: Watch) -> None:
        self._registry = CollectorRegistry()
        for standard in (ProcessCollector, PlatformCollector, GCCollector):
            standard(registry=self._registry)
        self._registry.register(QueryMetrics(progress, watch))

    def __call__(self) -> bytes:
        """Give it as it is now."""
        return generate_latest(self._registry)
