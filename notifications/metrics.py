"""Prometheus metrics of the notifications and deliveries services."""

from itertools import product
from typing import get_args

from prometheus_client import Counter, Gauge, Histogram

from users.contract import CodeChannel

_FANOUT_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)  # seconds

FANOUT_SECONDS = Histogram(
    "baraza_fanout_seconds", "From the commit of a post to its last inbox row.", buckets=_FANOUT_BUCKETS
)
DELIVERIES = Counter("baraza_deliveries", "Attempts to deliver, and delivery receipts.", ["channel", "outcome"])
DUE = Gauge("baraza_deliveries_due", "Deliveries that are due and not sent yet.", ["channel"])
DUE_AGE = Gauge("baraza_deliveries_due_age_seconds", "How long the oldest of them has been due.", ["channel"])
CODE_DELIVERIES = Counter(
    "baraza_code_deliveries", "Those of DELIVERIES that are for codes and security notices.", ["channel", "outcome"]
)
for _labels in product(get_args(CodeChannel), ("sent", "retried", "failed", "unknown", "cancelled")):
    CODE_DELIVERIES.labels(*_labels)  # from 0, so that the first of each is an increase too
CODES_DUE_AGE = Gauge(
    "baraza_codes_due_age_seconds", "How long the oldest unsent one of them has been due.", ["channel"]
)
BREAKER_OPEN = Gauge("baraza_breaker_open", "1 while the circuit breaker of the channel is not closed.", ["channel"])
