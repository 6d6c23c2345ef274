"""What the gateways measured, all of them together."""

from collections.abc import Mapping

import requests

TIMEOUT = 15  # seconds


def metrics(environment: Mapping[str, str]) -> str:
    """Return the measurements of each gateway, one after the other."""
    return "".join(_of(gateway) for gateway in environment["BARAZA_GATEWAYS"].split())


def measured(environment: Mapping[str, str], sample: str) -> float:
    """Sum up one sample; it counts from nothing when it is first needed."""
    lines = metrics(environment).splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{sample} "))


def _of(gateway: str) -> str:
    reply = requests.get(f"{gateway}/metrics", timeout=TIMEOUT)
    assert reply.headers["Content-Type"].startswith("text/plain")
    return reply.text
