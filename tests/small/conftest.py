"""The platform with all Nameko services in one process, TOPOLOGY=small.

The platform is the instance that the suite has started servers for; `pytest tests/small` alone starts `small`.
"""

from collections.abc import Iterator

import pytest

from dev.platform.environment import for_tests
from dev.platform.instance import Instance
from dev.suite.steps import SMALL_VARIABLES
from tests.e2e.conftest import new_client, new_user, operator, url
from tests.e2e.support.platform import running

__all__ = ["new_client", "new_user", "operator", "url"]


@pytest.fixture(scope="session")
def platform() -> Iterator[Instance]:
    with running("small", {**for_tests(), **SMALL_VARIABLES}) as instance:
        yield instance
