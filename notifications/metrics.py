"""What notifications and deliveries measure beside what every Nameko process does."""

from prometheus_client import Counter, Gauge, Histogram

_PATIENT = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)  # seconds

FANOUT_SECONDS = Histogram(
    "baraza_fanout_seconds", "From the commit of a post to the last inbox row about it.", buckets=_PATIENT
)
DELIVERIES = Counter("baraza_deliveries", "Attempts to deliver, and what was reported later.", ["channel", "outcome"])
DUE = Gauge("baraza_deliveries_due", "Deliveries that are due and not sent yet.", ["channel"])
DUE_AGE = Gauge("baraza_deliveries_due_age_seconds", "For how long the oldest of them has been due.", ["channel"])
BREAKER_OPEN = Gauge("baraza_breaker_open", "Whether nothing is sent because the provider is in trouble.", ["channel"])
