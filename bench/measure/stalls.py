"""How long the hub of a Nameko process was blocked, from its metrics: meanwhile none of its greenlets run."""

import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from prometheus_client.parser import text_string_to_metric_families

_BUCKET = "baraza_hub_stall_seconds_bucket"
_TIMEOUT = 10  # seconds

Counts = Mapping[float, float]  # how many stalls lasted at most so many seconds


@contextmanager
def stalls(port: int) -> Iterator[dict[str, float]]:
    """Measure the process with this metrics port; after the block the dictionary has bounds in milliseconds."""
    figures: dict[str, float] = {}
    before = _scrape(port)
    yield figures
    after = _scrape(port)
    figures["ms of hub stall at most, p99"] = 1000 * bound(before, after, 0.99)
    figures["ms of hub stall at most"] = 1000 * bound(before, after, 1)


def parse(text: str) -> Counts:
    """Return the counts in a text of metrics."""
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {float(sample.labels["le"]): sample.value for sample in samples if sample.name == _BUCKET}


def bound(before: Counts, after: Counts, share: float) -> float:
    """Return the smallest bound in seconds that this share of the stalls between two scrapes did not exceed."""
    added = {seconds: count - before[seconds] for seconds, count in sorted(after.items())}
    total = added[max(added)]
    return next(seconds for seconds, count in added.items() if count >= share * total)


def _scrape(port: int) -> Counts:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=_TIMEOUT) as reply:
        return parse(reply.read().decode())
