"""Fixtures that run the feeds service alone on its own database."""

from collections.abc import Callable
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from nameko.runners import ServiceRunner

from chassis.auth.caller import Caller
from chassis.ids import new_id
from feeds.contract import CACHE_TAG
from feeds.service import FeedsService
from tests.integration.support.rpc import Rpc

ADA = Caller("gateway", user=new_id(), username="ada")
BEN = Caller("gateway", user=new_id(), username="ben")

TagVersion = Callable[[], int]


@pytest.fixture
def container(start: Callable[..., ServiceRunner]) -> ServiceContainer:
    return next(iter(start(FeedsService).containers))


@pytest.fixture
def feeds(container: ServiceContainer, rpc: Rpc) -> Rpc:
    """Call the running service: `feeds("feeds.create", ADA, text="hello")`."""
    assert container
    return rpc


@pytest.fixture
def tag_version(redis: Any) -> TagVersion:
    """Return the version of the cache tag of posts, which grows when cached responses are invalidated."""
    return lambda: int(redis.get(f"tag:{CACHE_TAG}") or 0)
