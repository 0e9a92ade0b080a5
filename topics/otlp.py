"""Spans by OTLP over HTTP: the one home of OpenTelemetry's SDK. Loaded only where it is needed (topics.spans)."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator

from topics.spans import Span
from topics.trace_context import TraceContext

SCOPE: Final = "factory-control-plane"
"""Name of the instrumentation scope."""
TIMEOUT_S: Final = 2.0
"""How long a batch is tried, retries included, unless OTEL_EXPORTER_OTLP_TIMEOUT says otherwise."""


class _ChosenIds(IdGenerator):
    """Gives the next span of a thread the ids that were chosen for it."""

    def __init__(self) -> None:
        self._next = threading.local()

    def choose(self, context: TraceContext) -> None:
        """Set the ids of this thread's next span."""
        self._next.context = context

    def generate_span_id(self) -> int:
        """Give the chosen span id."""
        return int(self._next.context.span_id, 16)

    def generate_trace_id(self) -> int:
        """Give the chosen trace id; asked for only where a span has no parent."""
        return int(self._next.context.trace_id, 16)


class OtlpSpans:
    """Hands spans to the SDK, which batches and sends them from a thread of its own and flushes at exit."""

    def __init__(self, service: str) -> None:
        named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": service}
        self._ids = _ChosenIds()
        self._provider = TracerProvider(resource=Resource.create(named), id_generator=self._ids)
        # The exporter's own default of 10 s would hold up the end of a command where no collector answers.
        timeout = None if os.environ.get("OTEL_EXPORTER_OTLP_TIMEOUT") else TIMEOUT_S
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=timeout)))
        self._tracer = self._provider.get_tracer(SCOPE)

    def emit(self, span: Span) -> None:
        """Take a span that has ended; what the batch has no room for is dropped."""
        self._ids.choose(span.context)
        made = self._tracer.start_span(
            span.name,
            context=_under(span.parent),
            kind=trace.SpanKind[span.kind],
            attributes=span.attributes,
            links=[trace.Link(_remote(link)) for link in span.links],
            start_time=span.begin_ns,
        )
        for name, at in span.events:
            made.add_event(name, timestamp=at)
        if span.failed:
            made.set_status(trace.StatusCode.ERROR, span.failed)
        made.end(span.end_ns)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def _remote(context: TraceContext) -> trace.SpanContext:
    return trace.SpanContext(
        int(context.trace_id, 16),
        int(context.span_id, 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )


def _under(parent: TraceContext | None) -> Context:
    """Give a context in which that span is the current one; never the caller's own."""
    if parent is None:
        return Context()
    return trace.set_span_in_context(trace.NonRecordingSpan(_remote(parent)), Context())


@contextmanager
def entered(context: TraceContext) -> Iterator[None]:
    """Make a span the current one of this thread."""
    with trace.use_span(
        trace.NonRecordingSpan(_remote(context)),
        record_exception=False,
        set_status_on_exception=False,
    ):
        yield
