"""An OTLP collector: takes what is posted to ``/v1/traces`` over HTTP as protobuf and keeps the spans."""

import gzip
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


class Received(NamedTuple):
    """A span as it came."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: int
    begin_ns: int
    end_ns: int
    attributes: dict[str, str]
    links: list[tuple[str, str]]

    @property
    def key(self) -> tuple[str, str]:
        """Trace and span."""
        return self.trace_id, self.span_id


class Collector:
    """What came so far; ``raw`` is every body, unpacked."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.raw: list[bytes] = []
        self._lock = threading.Lock()
        self._spans: list[Received] = []

    def take(self, body: bytes) -> None:
        """Keep an export."""
        request = ExportTraceServiceRequest.FromString(body)
        found = [
            _received(span, _texts(resource.resource.attributes).get("service.name", ""))
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        with self._lock:
            self.raw.append(body)
            self._spans += found

    def spans(self) -> list[Received]:
        """Give the spans so far."""
        with self._lock:
            return list(self._spans)


def _texts(attributes: Any) -> dict[str, str]:
    found = {}
    for attribute in attributes:
        value = attribute.value
        found[attribute.key] = str(getattr(value, value.WhichOneof("value") or "string_value"))
    return found


def _received(span: Any, service: str) -> Received:
    return Received(
        service,
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.kind,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        _texts(span.attributes),
        [(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
    )


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding == "gzip":
        return gzip.decompress(body)
    return zlib.decompress(body) if encoding == "deflate" else body


@contextmanager
def collecting() -> Iterator[Collector]:
    """Give a collector that listens on loopback."""

    class Intake(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            assert self.headers["Content-Type"] == "application/x-protobuf"
            collector.take(_unpacked(body, self.headers.get("Content-Encoding", "")))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Intake)
    collector = Collector(server.server_port)
    threading.Thread(target=server.serve_forever, name="collector", daemon=True).start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
