"""The platform of the fault tests. Its processes run with hooks that the tests control: see `support/hooks`.

`make faults` sets FAULTS_LONG=1, and the tests inject more, print what they do, and report at the end.
"""

import os
from collections.abc import Iterator

import pytest

from dev.platform.environment import for_tests
from dev.platform.instance import Instance
from dev.suite.steps import FAULTS_VARIABLES
from tests.e2e.support.platform import running
from tests.faults.support.hook_files import Hooks


@pytest.fixture(scope="session")
def platform() -> Iterator[Instance]:
    with running("faults", {**for_tests(), **FAULTS_VARIABLES}) as instance:
        yield instance


@pytest.fixture
def hooks(platform: Instance) -> Hooks:
    return Hooks(platform)


@pytest.fixture(scope="session")
def long() -> bool:
    """Return whether this is `make faults`."""
    return bool(os.environ.get("FAULTS_LONG"))
