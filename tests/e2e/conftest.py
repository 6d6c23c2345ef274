"""The whole platform as real processes, and people who use it over HTTP and websockets.

The instance is the one that `make test` started the servers of; alone, `pytest tests/e2e` starts one of its own name.
Every person has an address of their own (the gateway trusts one proxy here), so limits are the real ones.
"""

from collections.abc import Callable, Iterator

import pytest

from dev.platform.environment import for_tests
from dev.platform.instance import Instance
from tests.e2e.support.operator import Operator
from tests.e2e.support.person import Person
from tests.e2e.support.platforms import running


@pytest.fixture(scope="session")
def platform() -> Iterator[Instance]:
    with running("e2e", for_tests()) as instance:
        yield instance


@pytest.fixture(scope="session")
def url(platform: Instance) -> str:
    return platform.environment["BARAZA_URL"]


@pytest.fixture(scope="session")
def gateway_url(platform: Instance) -> str:
    """Return the address of a gateway itself, whatever stands in front of it."""
    return platform.environment["BARAZA_GATEWAYS"].split()[0]


@pytest.fixture
def visitor(url: str) -> Iterator[Callable[[], Person]]:
    """Create clients without an account."""
    people: list[Person] = []

    def make() -> Person:
        people.append(Person(url))
        return people[-1]

    yield make
    for person in people:
        person.leave()


@pytest.fixture
def new_user(visitor: Callable[[], Person]) -> Callable[..., Person]:
    """Make people who are registered and signed in."""

    def make(**account: object) -> Person:
        person = visitor()
        person.register(**account)
        person.login()
        return person

    return make


@pytest.fixture
def operator(platform: Instance) -> Iterator[Operator]:
    with Operator(platform.environment) as operator:
        yield operator
