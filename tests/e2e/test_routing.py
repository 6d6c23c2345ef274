"""Routing information: operators change it at run time, and every web process follows."""

from collections.abc import Callable, Iterator

import pytest
import requests

from docker.dev.waiting import until
from tests.e2e.support.load import asking
from tests.e2e.support.operator import Operator
from tests.e2e.support.person import Person

Make = Callable[..., Person]
FOLLOW = 5  # seconds in which every process follows


Read = Callable[[], requests.Response]


@pytest.fixture
def read(url: str, newcomer: Make) -> Read:
    """Read posts by a new connection each time, and so from either web process."""
    headers = newcomer().headers
    return lambda: requests.get(f"{url}/feeds/all/", headers=headers, timeout=10)


@pytest.fixture
def set_route(operator: Operator, read: Read) -> Iterator[Callable[..., None]]:
    """Change the route of all posts, and put it back in the end."""

    def set_route(**rule: object) -> None:
        operator("gateway.set_route", name="all-posts", **rule)

    yield set_route
    set_route(enabled=True)
    until(everywhere(read, 200), "all-posts to be back", FOLLOW)


def everywhere(request: Callable[[], requests.Response], status: int) -> Callable[[], bool]:
    """Tell whether both web processes answer so: connections are spread over them."""
    return lambda: {request().status_code for _ in range(12)} == {status}


def test_a_route_that_is_switched_off_under_load_refuses_and_comes_back(
    read: Read, set_route: Callable[..., None]
) -> None:
    with asking(read) as seen:
        set_route(enabled=False)
        until(everywhere(read, 503), "all-posts to be off", FOLLOW)
        refused = read()
        set_route(enabled=True)
        until(everywhere(read, 200), "all-posts to be on", FOLLOW)
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "route_disabled"
    assert int(refused.headers["Retry-After"]) > 0
    assert set(seen) == {200, 503}


def test_a_route_is_switched_off_on_all_its_paths_and_alone(
    read: Read, newcomer: Make, set_route: Callable[..., None]
) -> None:
    set_route(enabled=False)
    until(everywhere(read, 503), "all-posts to be off", FOLLOW)
    person = newcomer()
    assert person.get("/all-posts/").status_code == 503
    assert person.get("/users/all/").status_code == 200
    person.writes("still open")
