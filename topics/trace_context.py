"""W3C trace context of records: which span a record stands for, and under which it hangs.

Ids of spans are read off the ids of messages, so that every process names the same span without asking another:
a message's own span is the last 16 hex digits of its id, that of a decision the complement of its command's. A
UUID has 8 to b there, so a complement has 4 to 7: the two never meet.
"""

import re
import sys
from typing import Final, NamedTuple

_HEADER: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_COMPLEMENT: Final = str.maketrans("0123456789abcdef", "fedcba9876543210")


class TraceContext(NamedTuple):
    """A span by its ids: 32 and 16 hex digits."""

    trace_id: str
    span_id: str

    @property
    def traceparent(self) -> str:
        """The value of the W3C header; always sampled: who samples does it by the trace id, all alike."""
        return f"00-{self.trace_id}-{self.span_id}-01"


def parsed(traceparent: str | bytes | None) -> TraceContext | None:
    """Give the context that a header carries, None where it carries none that is valid."""
    text = traceparent.decode("latin-1") if isinstance(traceparent, bytes) else traceparent or ""
    found = _HEADER.fullmatch(text)
    if found is None or not int(found[1], 16) or not int(found[2], 16):
        return None
    return TraceContext(found[1], found[2])


def own_span(identity: str) -> str:
    """Give the span of a message, a workflow instance, an execution: the end of its ``<kind>-<uuid>``."""
    return identity[-17:-13] + identity[-12:]


def decision_span(command_id: str) -> str:
    """Give the span of the decision on a command."""
    return own_span(command_id).translate(_COMPLEMENT)


class _Process:
    """What started this process, as the environment carries it (TRACEPARENT)."""

    parent: TraceContext | None = None


def adopt(traceparent: str | None) -> None:
    """Let the commands of this process hang under the span that started it, unless a nearer one is current."""
    _Process.parent = parsed(traceparent)


def current() -> TraceContext | None:
    """Give the span that the caller is in, whichever OpenTelemetry SDK it runs; None where there is none."""
    # A caller that is in a span has loaded the API; loading it here would cost every command line 40 ms.
    api = sys.modules.get("opentelemetry.trace")
    if api is not None:
        span = api.get_current_span().get_span_context()
        if span.is_valid:
            return TraceContext(f"{span.trace_id:032x}", f"{span.span_id:016x}")
    return _Process.parent
