"""Fixtures that run the feeds service alone on its own database."""

from collections.abc import Callable
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from nameko.runners import ServiceRunner

from chassis.auth.caller import Caller
from chassis.ids import new_id
from feeds.contract import AUTHORS_TAG, LISTS_TAG, post_tag
from feeds.service import FeedsService
from tests.integration.support.rpc import Rpc

ADA = Caller("gateway", user=new_id(), username="ada")
BEN = Caller("gateway", user=new_id(), username="ben")

TagVersions = Callable[[str], tuple[str | None, ...]]


@pytest.fixture
def container(start: Callable[..., ServiceRunner]) -> ServiceContainer:
    return next(iter(start(FeedsService).containers))


@pytest.fixture
def feeds(container: ServiceContainer, rpc: Rpc) -> Rpc:
    """Call the running service: `feeds("feeds.create", ADA, text="hello")`."""
    assert container
    return rpc


@pytest.fixture
def tag_versions(redis: Any) -> TagVersions:
    """Return the versions of the cache tags of lists, of all details, and of a post."""
    return lambda post_id: tuple(redis.get(f"tag:{tag}") for tag in (LISTS_TAG, AUTHORS_TAG, post_tag(post_id)))
