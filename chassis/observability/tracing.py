"""Traces: W3C Trace Context in the headers of calls and events, and spans recorded with OpenTelemetry.

The calls and events that result from a request carry its `traceparent`. Spans are recorded only if a collector is
configured, which needs the extra `tracing`. Otherwise OpenTelemetry is not imported, and the `traceparent` is passed on
unchanged, as Trace Context allows (section 3.2).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from chassis.observability import correlation

Kind = Literal["SERVER", "CLIENT"]

TRACEPARENT_PATTERN = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

_recorder: "list[_Recorder]" = []  # empty, or the one of this process


def start(settings: dict[str, Any], component: str) -> None:
    """Start recording spans, if a collector is configured; `component` names the process."""
    if settings["tracing"]["endpoint"]:
        _recorder[:] = [_Recorder(settings["tracing"]["endpoint"], component, settings["sentry"]["release"])]


def stop() -> None:
    """Send the remaining spans and stop recording."""
    for recorder in _recorder:
        recorder.stop()
    _recorder.clear()


def parse_traceparent(traceparent: object) -> str | None:
    """Return a valid `traceparent` header of version 00; None for any other value."""
    return traceparent if isinstance(traceparent, str) and TRACEPARENT_PATTERN.fullmatch(traceparent) else None


@contextmanager
def span(name: str, kind: Kind) -> Iterator[None]:
    """Record the body of a `with` statement as a span; its calls and events become children."""
    if not _recorder:
        yield
        return
    with _recorder[0].span(name, kind):
        yield


class _Recorder:
    """OpenTelemetry's SDK, which exports in batches from a thread."""

    def __init__(self, endpoint: str, component: str, release: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - an extra
        from opentelemetry.trace import SpanKind  # noqa: PLC0415 - an extra
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        attributes = {"service.namespace": "baraza", "service.name": component, "service.version": release}
        resource = Resource.create({name: value for name, value in attributes.items() if value})
        provider = TracerProvider(resource=resource)
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
            record_exception=False,  # the texts of errors can contain personal data
            set_status_on_exception=False,
        ):
            carrier: dict[str, str] = {}
            self._headers.inject(carrier)
            before = correlation.traceparent.set(carrier.get(correlation.TRACEPARENT))
            try:
                yield
            finally:
                correlation.traceparent.reset(before)
