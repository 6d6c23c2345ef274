"""Metrics of the web processes; `gateway/http/metrics_view.py` serves them."""

from prometheus_client import Counter, Gauge, Histogram

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)  # seconds

HTTP_SECONDS = Histogram("baraza_http_seconds", "Requests answered, by route.", ["route", "status"], buckets=_FAST)
RPC_SECONDS = Histogram(
    "baraza_rpc_client_seconds", "RPC calls of the gateway.", ["service", "method", "outcome"], buckets=_FAST
)
RPC_IN_FLIGHT = Gauge("baraza_rpc_client_in_flight", "RPC calls in progress.", multiprocess_mode="livesum")
PAGES = Counter("baraza_page_cache", "Lookups of cacheable responses.", ["outcome"])
FRAME_SECONDS = Histogram(
    "baraza_frame_seconds", "From the creation of a post to the last frame about it.", buckets=(*_FAST, 30, 60)
)
WEBSOCKETS = Gauge("baraza_websockets", "Websockets open.", multiprocess_mode="livesum")
