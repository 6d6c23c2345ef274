"""The feeds service, running alone on its own database."""

from collections.abc import Callable

import pytest
from nameko.containers import ServiceContainer
from nameko.runners import ServiceRunner

from feeds.service import FeedsService
from tests.integration.support.rpc import Rpc


@pytest.fixture
def container(start: Callable[..., ServiceRunner]) -> ServiceContainer:
    return next(iter(start(FeedsService).containers))


@pytest.fixture
def feeds(container: ServiceContainer, rpc: Rpc) -> Rpc:
    assert container
    return rpc
