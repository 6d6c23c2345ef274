"""Prometheus metrics of the gateways."""

from collections.abc import Mapping

import requests

TIMEOUT = 30  # seconds


def gateway_metrics(environment: Mapping[str, str]) -> str:
    """Return the metrics of all gateways, in Prometheus' text format."""
    return "".join(_scrape(gateway) for gateway in environment["BARAZA_GATEWAYS"].split())


def metric_sum(environment: Mapping[str, str], sample: str) -> float:
    """Return the sum of a sample (name and labels) over all gateways; 0 if no gateway has it yet."""
    lines = gateway_metrics(environment).splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{sample} "))


def _scrape(gateway: str) -> str:
    response = requests.get(f"{gateway}/metrics", timeout=TIMEOUT)
    assert response.headers["Content-Type"].startswith("text/plain")
    return response.text
