"""What every Nameko process measures, and the page where Prometheus reads it."""

import time
from typing import Any

import eventlet
from eventlet import wsgi
from prometheus_client import Gauge, Histogram, make_wsgi_app

READERS = 10  # connections at a time
PATIENCE = 10  # seconds for a reader to say what it wants
LOOK = 0.1  # seconds between looks at the hub

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)  # seconds

RPC_SECONDS = Histogram("baraza_rpc_seconds", "RPC methods run.", ["service", "method", "outcome"], buckets=_FAST)
EVENT_SECONDS = Histogram(
    "baraza_event_seconds", "Event handlers run.", ["service", "handler", "outcome"], buckets=(*_FAST, 30, 60)
)
WAITING_EVENTS = Gauge(
    "baraza_waiting_events",
    "Events in a handler's queue, waiting for another attempt, and parked.",
    ["service", "queue", "state"],
)
OUTBOX_EVENTS = Gauge("baraza_outbox_events", "Events that the broker has not confirmed yet.", ["service"])
OUTBOX_AGE = Gauge("baraza_outbox_age_seconds", "Age of the oldest of them.", ["service"])
CONNECTIONS = Gauge("baraza_database_connections", "Database connections in use.", ["service"])
MOST_CONNECTIONS = Gauge("baraza_database_connections_limit", "Database connections at most.", ["service"])
HUB_STALL = Histogram(
    "baraza_hub_stall_seconds",
    "How much longer than it should a greenlet waited for its turn.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)


def start(settings: dict[str, Any]) -> None:
    """Watch the hub, and serve the page if there is a port for it."""
    eventlet.spawn_n(_watch_hub)
    if settings["metrics"]["port"]:
        listener = eventlet.listen((settings["metrics"]["host"], settings["metrics"]["port"]))
        eventlet.spawn_n(_serve, listener)


def _serve(listener: Any) -> None:
    wsgi.server(listener, make_wsgi_app(), max_size=READERS, socket_timeout=PATIENCE, log_output=False, keepalive=False)


def _watch_hub() -> None:
    """Whatever blocks the hub keeps all greenlets of the process waiting, this one too."""
    while True:
        started = time.monotonic()
        eventlet.sleep(LOOK)
        HUB_STALL.observe(max(0.0, time.monotonic() - started - LOOK))
