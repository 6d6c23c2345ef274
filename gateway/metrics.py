"""What the web processes measure, for Prometheus; all of gunicorn's processes together, on any one's /metrics."""

import hmac
import ipaddress
from typing import Any

from flask import Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import generate_latest as exposition
from prometheus_client.multiprocess import MultiProcessCollector

from chassis.errors import NotFound
from gateway import request_context
from gateway.request_context import Visit

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)  # seconds

HTTP_SECONDS = Histogram("baraza_http_seconds", "Requests answered, by route.", ["route", "status"], buckets=_FAST)
RPC_SECONDS = Histogram(
    "baraza_rpc_client_seconds", "RPC calls of the gateway.", ["service", "method", "outcome"], buckets=_FAST
)
RPC_IN_FLIGHT = Gauge("baraza_rpc_client_in_flight", "RPC calls under way.", multiprocess_mode="livesum")
PAGES = Counter("baraza_page_cache", "Lookups of cacheable pages.", ["outcome"])
FRAME_SECONDS = Histogram(
    "baraza_frame_seconds", "From the making of a post to the last frame about it.", buckets=(*_FAST, 30, 60)
)
WEBSOCKETS = Gauge("baraza_websockets", "Websockets open.", multiprocess_mode="livesum")


def add(app: Flask, settings: dict[str, Any]) -> None:
    """Add /metrics: for this machine, and with METRICS_TOKEN for others. To everybody else it is not there."""
    token: str = settings["gateway"]["metrics"]["token"]
    registry = _registry(settings["gateway"]["metrics"]["directory"])

    def view() -> Response:
        if not _may_read(token, request.environ[request_context.KEY]):
            raise NotFound("There is nothing here.")
        return Response(exposition(registry), content_type=CONTENT_TYPE_LATEST)

    app.add_url_rule("/metrics", "metrics", view)


def _registry(directory: str) -> CollectorRegistry:
    """Read what all processes wrote to their directory; a single process has it all in memory."""
    if not directory:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]
    return registry


def _may_read(token: str, guest: Visit) -> bool:
    if token:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), token.encode())
    try:
        return ipaddress.ip_address(guest.address).is_loopback
    except ValueError:
        return False
