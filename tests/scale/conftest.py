"""The platform with two processes of everything behind a load balancer, and the people of the end-to-end tests.

The instance is the one that the suite started the servers of; alone, `pytest tests/scale` starts one of its own name.
"""

import os
from collections.abc import Iterator

import pytest

from docker.dev.environment import for_tests
from docker.dev.instance import Instance
from docker.dev.suite import SCALE
from tests.e2e.conftest import newcomer, stranger, url

__all__ = ["newcomer", "stranger", "url"]


@pytest.fixture(scope="session")
def platform() -> Iterator[Instance]:
    name = os.environ.get("BARAZA_TEST_INSTANCE")
    instance = Instance(name or "scale", {**for_tests(), **SCALE[0].given})
    if name is None:
        instance.delete()
    instance.start_servers()
    instance.start_applications()
    yield instance
    if name is None:
        instance.stop()
