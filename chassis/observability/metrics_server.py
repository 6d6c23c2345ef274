"""The page where Prometheus reads what a Nameko process measures."""

from typing import Any

import eventlet
from eventlet import wsgi
from prometheus_client import make_wsgi_app

from chassis.observability.metrics import watch_hub

READERS = 10  # connections at a time
PATIENCE = 10  # seconds for a reader to say what it wants


def start(settings: dict[str, Any]) -> None:
    """Watch the hub, and serve the page if there is a port for it."""
    eventlet.spawn_n(watch_hub)
    if settings["metrics"]["port"]:
        listener = eventlet.listen((settings["metrics"]["host"], settings["metrics"]["port"]))
        eventlet.spawn_n(_serve, listener)


def _serve(listener: Any) -> None:
    wsgi.server(listener, make_wsgi_app(), max_size=READERS, socket_timeout=PATIENCE, log_output=False, keepalive=False)
