"""The metrics of the chassis. Nameko processes export all of them, Flask processes those of their hub and database."""

import time
from typing import Any

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import Engine, event

HUB_INTERVAL = 0.1  # seconds between measurements of the hub

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)  # seconds

RPC_SECONDS = Histogram("baraza_rpc_seconds", "RPC methods run.", ["service", "method", "outcome"], buckets=_FAST)
EVENT_SECONDS = Histogram(
    "baraza_event_seconds", "Event handlers run.", ["service", "handler", "outcome"], buckets=(*_FAST, 30, 60)
)
WAITING_EVENTS = Gauge(
    "baraza_waiting_events",
    "Events in a handler's queue, waiting for a retry, and parked.",
    ["service", "queue", "state"],
)
RECOVERED_EVENTS = Counter(
    "baraza_events_recovered", "Events that a handler did not receive and got from the log.", ["service", "handler"]
)
RECONCILED = Gauge(
    "baraza_events_reconciled_timestamp_seconds", "When the log of a source was last read.", ["service", "source"]
)
OUTBOX_EVENTS = Gauge("baraza_outbox_events", "Events that the broker has not confirmed yet.", ["service"])
OUTBOX_AGE = Gauge("baraza_outbox_age_seconds", "Age of the oldest of them.", ["service"])
# gunicorn's processes are added up, without those that have ended.
CONNECTIONS = Gauge(
    "baraza_database_connections", "Database connections in use.", ["service"], multiprocess_mode="livesum"
)
MOST_CONNECTIONS = Gauge(
    "baraza_database_connections_limit", "Database connections at most.", ["service"], multiprocess_mode="livesum"
)
HUB_STALL = Histogram(
    "baraza_hub_stall_seconds",
    "How much later than planned a greenlet ran.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)


def watch_hub() -> None:
    """Measure the delay of a sleeping greenlet, forever. A call that blocks the hub delays every greenlet."""
    while True:
        started = time.monotonic()
        time.sleep(HUB_INTERVAL)  # eventlet and gevent patch it
        HUB_STALL.observe(max(0.0, time.monotonic() - started - HUB_INTERVAL))


def watch_connections(service: str, engine: Engine) -> None:
    """Export how many of an engine's connections are in use."""
    pool: Any = engine.pool  # always a QueuePool, see chassis.db.engine
    used = CONNECTIONS.labels(service)
    MOST_CONNECTIONS.labels(service).set(pool.size())
    event.listen(pool, "checkout", lambda *_: used.set(pool.checkedout()))
    event.listen(pool, "checkin", lambda *_: used.set(pool.checkedout() - 1))  # the event comes before the return
