"""Traces of a call and the event that results from it, as an OpenTelemetry collector receives them."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from chassis.observability import correlation, tracing
from orders.contract import OrderPlaced
from tests.integration.chassis.conftest import ADA, Start
from tests.integration.chassis.sample_service import SampleInvoices, SampleOrders
from tests.integration.conftest import Until
from tests.integration.support.rpc import Rpc

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT_ID = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE_ID}-{PARENT_ID}-01"


@pytest.fixture
def spans() -> Iterator[list[Span]]:
    """The spans that a collector (OTLP over HTTP) has received."""
    spans: list[Span] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                spans.extend(span for scope in resource.scope_spans for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        settings = {"tracing": {"endpoint": f"http://127.0.0.1:{server.server_port}"}, "sentry": {"release": ""}}
        tracing.start(settings, "orders.service")
        yield spans
        tracing.stop()
        server.shutdown()
        thread.join()


@pytest.fixture
def traced_rpc(rpc: Rpc) -> Iterator[Rpc]:
    """Calls that are part of a trace."""
    before = correlation.traceparent.set(TRACEPARENT)
    yield rpc
    correlation.traceparent.reset(before)


def test_calls_and_events_of_a_request_are_spans_of_one_trace(
    start: Start, traced_rpc: Rpc, spans: list[Span], until: Until
) -> None:
    start(SampleOrders, SampleInvoices)
    traced_rpc("invoices.reorder", ADA, item="tea", quantity=3)

    def by_kind() -> dict[tuple[str, str], Span]:
        return {(span.name, Span.SpanKind.Name(span.kind)): span for span in spans}

    expected = [
        ("invoices.reorder", "SPAN_KIND_SERVER"),
        ("orders.place", "SPAN_KIND_CLIENT"),
        ("orders.place", "SPAN_KIND_SERVER"),
        ("invoices.on_order_placed", "SPAN_KIND_SERVER"),
    ]
    until(lambda: by_kind().keys() >= {*expected})
    assert {span.trace_id.hex() for span in spans} == {TRACE_ID}
    reorder, call, place, handle = map(by_kind().__getitem__, expected)
    assert reorder.parent_span_id.hex() == PARENT_ID
    assert call.parent_span_id == reorder.span_id
    assert place.parent_span_id == call.span_id
    assert handle.parent_span_id == place.span_id


def test_trace_is_passed_on_unchanged_without_a_collector(
    start: Start, traced_rpc: Rpc, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    traceparents: list[str | None] = []

    def handle(_invoices: SampleInvoices, _event: OrderPlaced) -> None:
        traceparents.append(correlation.traceparent.get())

    monkeypatch.setattr(SampleInvoices, "handle", handle)
    start(SampleOrders, SampleInvoices)
    traced_rpc("invoices.reorder", ADA, item="tea", quantity=3)
    until(lambda: traceparents == [TRACEPARENT])
