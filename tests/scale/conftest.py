"""The platform with two processes of everything behind a load balancer, and the people of the end-to-end tests.

The instance is the one that the suite started the servers of; alone, `pytest tests/scale` starts one of its own name.
"""

from collections.abc import Iterator

import pytest

from dev.platform.environment import for_tests
from dev.platform.instance import Instance
from dev.suite.steps import SCALE_VARIABLES
from tests.e2e.conftest import new_user, url, visitor
from tests.e2e.support.platforms import running

__all__ = ["new_user", "url", "visitor"]


@pytest.fixture(scope="session")
def platform() -> Iterator[Instance]:
    with running("scale", {**for_tests(), **SCALE_VARIABLES}) as instance:
        yield instance
