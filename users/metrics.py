"""Prometheus metrics of the users service."""

from prometheus_client import Counter

CODES = Counter("baraza_codes", "One-time codes: issued, used, wrong or limited.", ["purpose", "outcome"])
