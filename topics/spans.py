"""Spans out of this process where the environment names a collector; else nothing is loaded and nothing is done.

The standard variables apply: OTEL_EXPORTER_OTLP_ENDPOINT switches on, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES,
OTEL_TRACES_SAMPLER, OTEL_BSP_* and the exporter's own do what they say. A span is given whole, after its end, with
ids of our choosing (topics.trace_context). No span holds anything of a payload.
"""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, Protocol

from topics.trace_context import TraceContext

if TYPE_CHECKING:
    from schemas.messages.envelope import Envelope

Value = str | int | float | bool
Kind = Literal["CLIENT", "CONSUMER", "INTERNAL", "PRODUCER"]

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span that has ended; instants in nanoseconds UTC."""

    name: str
    context: TraceContext
    parent: TraceContext | None
    kind: Kind
    begin_ns: int
    end_ns: int
    attributes: Mapping[str, Value]
    links: tuple[TraceContext, ...] = ()
    events: tuple[tuple[str, int], ...] = ()
    """(name, instant)"""
    failed: str = ""
    """Why it failed, as a code; empty where it did not."""


class Spans(Protocol):
    """Where spans go."""

    def emit(self, span: Span) -> None:
        """Take a span that has ended. Never waits for the collector: what it cannot take in time is dropped."""

    def close(self) -> None:
        """Send what is left."""


def is_on() -> bool:
    """Tell whether the environment names a collector for spans."""
    is_disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return not is_disabled and any(os.environ.get(name) for name in _ENDPOINTS)


@cache
def spans(service: str) -> Spans | None:
    """Give where the spans of a service of this process go; None, and nothing loaded, where tracing is off."""
    if not is_on():
        return None
    from topics.otlp import OtlpSpans  # noqa: PLC0415 - without an endpoint nobody pays for loading the SDK

    return OtlpSpans(service)


def entered(context: TraceContext | None) -> AbstractContextManager[object]:
    """Make a span the caller's current one: what is called inside hangs under it, whichever SDK is in use."""
    if context is None:
        return nullcontext()
    from topics.otlp import entered as enter  # noqa: PLC0415 - the API costs a command line 40 ms

    return enter(context)


def scope(envelope: "Envelope") -> dict[str, Value]:
    """Give the attributes that say what a message belongs to; ids and names only."""
    named = {
        "factory.tenant": envelope.tenant_id,
        "factory.correlation": envelope.correlation_id,
        "factory.workflow": envelope.workflow_instance_id,
        "factory.task": envelope.task_id,
        "messaging.message.id": envelope.event_id,
    }
    return {name: value for name, value in named.items() if value is not None}
