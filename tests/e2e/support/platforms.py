"""The platform that tests run against."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from dev.platform.instance import Instance


@contextmanager
def running(alone: str, given: Mapping[str, str]) -> Iterator[Instance]:
    """Start the instance that the suite names and leave it to it; without one, an own by the name `alone`."""
    name = os.environ.get("BARAZA_TEST_INSTANCE")
    instance = Instance(name or alone, given)
    if name is None:
        instance.delete()
    instance.start_servers()
    instance.start_applications()
    yield instance
    if name is None:
        instance.stop()
