"""The gateway's Nameko class on its database, with the real users and feeds services."""

from collections.abc import Callable
from typing import Any

import pytest
from nameko.runners import ServiceRunner
from nameko.testing.services import entrypoint_hook
from sqlalchemy import Engine

from chassis.contract import Event
from feeds.service import FeedsService
from gateway.routing.overrides import add_missing
from gateway.routing.table import ROUTES
from gateway.service import GatewayService
from tests.integration.support.databases import Databases
from users.service import UsersService

Handle = Callable[[Event], None]


@pytest.fixture
def platform(start: Callable[..., ServiceRunner], databases: Databases) -> dict[str, Any]:
    """Users, feeds and the gateway's class, running; returns their containers by name."""
    runner = start(UsersService, FeedsService, GatewayService)
    with databases.engine("gateway").begin() as connection:
        add_missing(connection, ROUTES)
    return {container.service_name: container for container in runner.containers}


@pytest.fixture
def handle(platform: dict[str, Any]) -> Handle:
    """Run the gateway's handler of an event twice, since every event may be delivered again."""

    def handle(event: Event) -> None:
        for _ in range(2):
            with entrypoint_hook(platform["gateway"], f"on_{event.type}") as handler:
                handler(event)

    return handle


@pytest.fixture
def database(databases: Databases) -> Engine:
    """The gateway's own database."""
    return databases.engine("gateway")
