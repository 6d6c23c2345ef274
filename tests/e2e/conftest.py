"""The complete platform as real processes, and clients of its HTTP and websocket interfaces.

The platform is the instance that the suite has started servers for; `pytest tests/e2e` alone starts an instance `e2e`.
Each client has an IP address of its own (TRUSTED_PROXIES=1), so rate limits are those of production.
"""

from collections.abc import Iterator

import pytest

from dev.platform.environment import for_tests
from dev.platform.instance import Instance
from tests.e2e.support.client import Client, NewClient
from tests.e2e.support.operator import Operator
from tests.e2e.support.platform import running


@pytest.fixture(scope="session")
def platform() -> Iterator[Instance]:
    with running("e2e", for_tests()) as instance:
        yield instance


@pytest.fixture(scope="session")
def url(platform: Instance) -> str:
    return platform.environment["BARAZA_URL"]


@pytest.fixture(scope="session")
def gateway_url(platform: Instance) -> str:
    """Return the address of one gateway, behind the load balancer if there is one."""
    return platform.environment["BARAZA_GATEWAYS"].split()[0]


@pytest.fixture
def new_client(url: str) -> Iterator[NewClient]:
    """Make clients without an account."""
    clients: list[Client] = []

    def make() -> Client:
        clients.append(Client(url))
        return clients[-1]

    yield make
    for client in clients:
        client.logout_and_close()


@pytest.fixture
def new_user(new_client: NewClient, platform: Instance) -> NewClient:
    """Make clients of registered and logged-in users, with verified addresses unless `verified` is false."""

    def make(*, verified: bool = True, **account: object) -> Client:
        user = new_client()
        user.register(**account)
        if verified:
            with Operator(platform.environment) as operator:
                operator.verify(user.username)
        user.login()
        return user

    return make


@pytest.fixture
def new_staff(new_user: NewClient, operator: Operator) -> NewClient:
    """Make clients of logged-in staff."""

    def make(**account: object) -> Client:
        staff = new_user(**account)
        operator.make_staff(staff.username)
        return staff

    return make


@pytest.fixture
def operator(platform: Instance) -> Iterator[Operator]:
    with Operator(platform.environment) as operator:
        yield operator
