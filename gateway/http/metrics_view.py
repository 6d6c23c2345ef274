"""Serves /metrics: the metrics of all web processes, by any of them."""

import hmac
import ipaddress
from functools import partial
from typing import Any

from flask import Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from chassis.errors import NotFound
from gateway.request.context import CONTEXT_KEY, RequestContext


def add(app: Flask, settings: dict[str, Any]) -> None:
    """Add the endpoint: for this machine, or with METRICS_TOKEN for its bearers; 404 for all others."""
    metrics = settings["gateway"]["metrics"]
    app.add_url_rule("/metrics", "metrics", partial(_view, metrics["token"], _registry(metrics["directory"])))


def _view(token: str, registry: CollectorRegistry) -> Response:
    if not _may_read(token, request.environ[CONTEXT_KEY]):
        raise NotFound("There is nothing here.")
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _registry(directory: str) -> CollectorRegistry:
    """Return a registry of what all processes wrote to their directory; a single process has it in memory."""
    if not directory:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]
    return registry


def _may_read(token: str, context: RequestContext) -> bool:
    if token:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), token.encode())
    try:
        return ipaddress.ip_address(context.address).is_loopback
    except ValueError:
        return False
