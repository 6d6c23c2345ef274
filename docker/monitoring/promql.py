"""PromQL as the dashboards need it."""

from collections.abc import Sequence

WINDOW = "$__rate_interval"  # Grafana's: at least four scrapes


def rate(counter: str, *by: str) -> str:
    """Per second, added up over processes."""
    return f"sum{_by(by)} (rate({counter}[{WINDOW}]))"


def quantile(share: float, histogram: str, *by: str, where: str = "") -> str:
    """Return the value that this share of observations stays below."""
    labels = f"{{{where}}}" if where else ""
    return f"histogram_quantile({share}, sum{_by(('le', *by))} (rate({histogram}_bucket{labels}[{WINDOW}])))"


def share(part: str, whole: str) -> str:
    """Return a part of 1; 0 where the part never happened."""
    return f"({part} or vector(0)) / {whole}"


def _by(labels: Sequence[str]) -> str:
    return f" by ({', '.join(labels)})" if labels else ""


REQUESTS = "baraza_http_seconds_count"
CALLS = "baraza_rpc_client_seconds_count"
OWN_JOBS = 'job=~"users|feeds|notifications|deliveries|gateway|gateway-service"'
