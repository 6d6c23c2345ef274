"""The HTTP endpoint from which Prometheus scrapes a Nameko process."""

from typing import Any

import eventlet
from eventlet import wsgi
from prometheus_client import make_wsgi_app

from chassis.observability.metrics import watch_hub

MAX_CONNECTIONS = 10
REQUEST_TIMEOUT = 10  # seconds


def start(settings: dict[str, Any]) -> None:
    """Measure the hub, and serve the metrics if a port is configured."""
    eventlet.spawn_n(watch_hub)
    if settings["metrics"]["port"]:
        listener = eventlet.listen((settings["metrics"]["host"], settings["metrics"]["port"]))
        eventlet.spawn_n(_serve, listener)


def _serve(listener: Any) -> None:
    wsgi.server(
        listener,
        make_wsgi_app(),
        max_size=MAX_CONNECTIONS,
        socket_timeout=REQUEST_TIMEOUT,
        log_output=False,
        keepalive=False,
    )
