"""The platform with two processes of every program behind HAProxy, and the clients of the end-to-end tests.

The platform is the instance that the suite has started servers for; `pytest tests/scale` alone starts `scale`.
"""

from collections.abc import Iterator

import pytest

from dev.platform.environment import for_tests
from dev.platform.instance import Instance
from dev.suite.steps import SCALE_VARIABLES
from tests.e2e.conftest import new_client, new_user, url
from tests.e2e.support.platform import running

__all__ = ["new_client", "new_user", "url"]


@pytest.fixture(scope="session")
def platform() -> Iterator[Instance]:
    with running("scale", {**for_tests(), **SCALE_VARIABLES}) as instance:
        yield instance
