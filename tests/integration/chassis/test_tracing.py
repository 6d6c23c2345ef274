"""A trace through a call and the event that follows from it, as a collector gets it."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from chassis.observability import correlation, tracing
from tests.integration.chassis.conftest import ADA, Start, Until
from tests.integration.chassis.kitchen import Guests, SQLite
from tests.integration.support.rpc import Rpc

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def collected() -> Iterator[list[Span]]:
    """Speak OTLP over HTTP, as collectors do, and keep what comes."""
    spans: list[Span] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                spans.extend(span for scope in resource.scope_spans for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        settings = {"tracing": {"endpoint": f"http://127.0.0.1:{server.server_port}"}, "sentry": {"release": ""}}
        tracing.start(settings, "feeds.service")
        yield spans
        tracing.stop()
        server.shutdown()
        thread.join()


@pytest.fixture
def traced(rpc: Rpc) -> Iterator[Callable[..., Any]]:
    """Call as part of a trace."""
    before = correlation.traceparent.set(TRACEPARENT)
    yield rpc
    correlation.traceparent.reset(before)


def test_calls_and_events_that_follow_from_a_request_are_one_trace(
    start: Start, traced: Rpc, collected: list[Span], until: Until
) -> None:
    start(SQLite, Guests)
    traced("guests.ask", ADA, cups=3)
    until(lambda: {span.name for span in collected} >= {"guests.ask", "feeds.make", "guests.on_tea_made"})
    assert {span.trace_id.hex() for span in collected} == {TRACE}
    kinds = {(span.name, Span.SpanKind.Name(span.kind)): span for span in collected}
    ask = kinds["guests.ask", "SPAN_KIND_SERVER"]
    call = kinds["feeds.make", "SPAN_KIND_CLIENT"]
    make = kinds["feeds.make", "SPAN_KIND_SERVER"]
    heard = kinds["guests.on_tea_made", "SPAN_KIND_SERVER"]
    assert ask.parent_span_id.hex() == "00f067aa0ba902b7"
    assert (call.parent_span_id, make.parent_span_id, heard.parent_span_id) == (ask.span_id, call.span_id, make.span_id)


def test_without_a_collector_a_trace_passes_through_as_it_came(
    start: Start, traced: Rpc, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str | None] = []
    monkeypatch.setattr(Guests, "behave", lambda _self, _event: seen.append(correlation.traceparent.get()))
    start(SQLite, Guests)
    traced("guests.ask", ADA, cups=3)
    until(lambda: seen == [TRACEPARENT])
