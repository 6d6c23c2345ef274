"""W3C trace context: which trace a call or an event belongs to, and with OpenTelemetry spans of it.

A `traceparent` that a client sends goes along with everything that follows from the request. Spans are recorded where
`OTEL_EXPORTER_OTLP_ENDPOINT` names a collector; that needs the extra `tracing`. Without it nothing is imported, and a
trace passes through as it came (Trace Context, section 3.2: who records nothing may do so).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from chassis.observability import correlation

Kind = Literal["SERVER", "CLIENT"]

FORM = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

_recorder: "list[_Recorder]" = []


def start(settings: dict[str, Any], component: str) -> None:
    """Record spans of this process from now on, if there is a collector."""
    if settings["tracing"]["endpoint"]:
        _recorder[:] = [_Recorder(settings["tracing"]["endpoint"], component, settings["sentry"]["release"])]


def stop() -> None:
    """Send what waits and record no more."""
    for recorder in _recorder:
        recorder.stop()
    _recorder.clear()


def parse_traceparent(traceparent: object) -> str | None:
    """Return a header that has the form of version 00, None for anything else."""
    return traceparent if isinstance(traceparent, str) and FORM.fullmatch(traceparent) else None


@contextmanager
def span(name: str, kind: Kind) -> Iterator[None]:
    """Let what happens meanwhile be a span; what it calls and publishes has it as parent."""
    if not _recorder:
        yield
        return
    with _recorder[0].span(name, kind):
        yield


class _Recorder:
    """OpenTelemetry's SDK, sending in batches from a thread of its own."""

    def __init__(self, endpoint: str, component: str, release: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - an extra
        from opentelemetry.trace import SpanKind  # noqa: PLC0415 - an extra
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        words = {"service.namespace": "baraza", "service.name": component, "service.version": release}
        provider = TracerProvider(resource=Resource.create({name: word for name, word in words.items() if word}))
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
        self.stop = provider.shutdown
        self._tracer = provider.get_tracer("baraza")
        self._kinds = SpanKind
        self._headers = TraceContextTextMapPropagator()

    @contextmanager
    def span(self, name: str, kind: Kind) -> Iterator[None]:
        parent = self._headers.extract({correlation.TRACEPARENT: correlation.traceparent.get() or ""})
        attributes = {"request_id": correlation.request_id.get()}
        with self._tracer.start_as_current_span(
            name,
            parent,
            self._kinds[kind],
            attributes,
            record_exception=False,  # what errors say may be people's words
            set_status_on_exception=False,
        ):
            carrier: dict[str, str] = {}
            self._headers.inject(carrier)
            before = correlation.traceparent.set(carrier.get(correlation.TRACEPARENT))
            try:
                yield
            finally:
                correlation.traceparent.reset(before)
