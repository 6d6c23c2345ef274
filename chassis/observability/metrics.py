"""What every process measures: the Nameko ones all of it, the gateway's web processes their hub and their database."""

import time
from typing import Any

from prometheus_client import Gauge, Histogram
from sqlalchemy import Engine, event

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
# gunicorn's processes are read together, and what is open in those that live counts.
CONNECTIONS = Gauge(
    "baraza_database_connections", "Database connections in use.", ["service"], multiprocess_mode="livesum"
)
MOST_CONNECTIONS = Gauge(
    "baraza_database_connections_limit", "Database connections at most.", ["service"], multiprocess_mode="livesum"
)
HUB_STALL = Histogram(
    "baraza_hub_stall_seconds",
    "How much longer than it should a greenlet waited for its turn.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)


def watch_hub() -> None:
    """Measure for ever: whatever blocks the hub keeps all greenlets of the process waiting, this one too."""
    while True:
        started = time.monotonic()
        time.sleep(LOOK)  # which eventlet and gevent patch
        HUB_STALL.observe(max(0.0, time.monotonic() - started - LOOK))


def watch_connections(service: str, engine: Engine) -> None:
    """Measure how many of an engine's connections are in use."""
    pool: Any = engine.pool  # a QueuePool always, see chassis.engine
    used = CONNECTIONS.labels(service)
    MOST_CONNECTIONS.labels(service).set(pool.size())
    event.listen(pool, "checkout", lambda *_: used.set(pool.checkedout()))
    event.listen(pool, "checkin", lambda *_: used.set(pool.checkedout() - 1))  # it is about to go back
