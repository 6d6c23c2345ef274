"""The platform of the fault tests. Its processes run with hooks that the tests control: see `support/hooks`.

`make faults` sets FAULTS_LONG: the tests inject more (`support/settings.py`) and print what they do.
"""

from collections.abc import Iterator

import pytest

from dev.platform.environment import for_tests
from dev.platform.instance import Instance
from dev.suite.steps import FAULTS_VARIABLES
from tests.e2e.conftest import new_client, new_user, url
from tests.e2e.support.platform import running
from tests.faults.support.hook_files import Hooks

__all__ = ["new_client", "new_user", "url"]


@pytest.fixture(scope="session")
def platform() -> Iterator[Instance]:
    with running("faults", {**for_tests(), **FAULTS_VARIABLES}) as instance:
        yield instance


@pytest.fixture
def hooks(platform: Instance) -> Hooks:
    return Hooks(platform)
