"""The platform that the tests run against."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from dev.platform.instance import Instance


@contextmanager
def running(default_name: str, variables: Mapping[str, str]) -> Iterator[Instance]:
    """Start the instance that the suite names and leave it running; without one, start `default_name` and stop it."""
    name = os.environ.get("BARAZA_TEST_INSTANCE")
    instance = Instance(name or default_name, variables)
    if name is None:
        instance.delete()
    instance.start_servers()
    instance.start_applications()
    yield instance
    if name is None:
        instance.stop()
