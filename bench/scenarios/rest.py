"""The platform without load."""

import time
from collections.abc import Iterator

from bench.measure.measurement import Measurement
from bench.measure.usage import Usage
from bench.platform import Platform

SECONDS = 5


def at_rest(platform: Platform) -> Iterator[Measurement]:
    """Wait; what it costs is heartbeats and checks for due work."""
    with Usage(platform.instance.control) as usage:
        time.sleep(SECONDS)
    yield Measurement.of(usage, name="at rest", unit="second", count=SECONDS, seconds=SECONDS)
