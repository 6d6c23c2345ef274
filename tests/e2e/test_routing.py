"""Routing information: operators change it at run time, and every web process follows."""

from collections.abc import Callable, Iterator

import pytest
import requests

from chassis.errors import ServiceError
from dev.machine.waiting import until
from tests.e2e.support.load import asking
from tests.e2e.support.operator import Operator
from tests.e2e.support.person import Person

Make = Callable[..., Person]
FOLLOW = 5  # seconds in which every process follows


Read = Callable[[], requests.Response]


@pytest.fixture
def read(url: str, new_user: Make) -> Read:
    """Read posts by a new connection each time, and so from either web process."""
    headers = new_user().headers
    return lambda: requests.get(f"{url}/feeds/all/", headers=headers, timeout=10)


@pytest.fixture
def set_route(operator: Operator, read: Read) -> Iterator[Callable[..., None]]:
    """Change the route of all posts, and put it back in the end."""

    def set_route(**rule: object) -> None:
        operator("gateway.set_route", name="all-posts", **rule)

    yield set_route
    operator("gateway.reset_route", name="all-posts")
    until(everywhere(read, 200), "all-posts to be back", FOLLOW)


def everywhere(request: Callable[[], requests.Response], status: int) -> Callable[[], bool]:
    """Return whether both web processes answer so: connections are spread over them."""
    return lambda: {request().status_code for _ in range(12)} == {status}


def test_route_disabled_under_load_rejects_and_can_be_enabled_again(read: Read, set_route: Callable[..., None]) -> None:
    with asking(read) as seen:
        set_route(enabled=False)
        until(everywhere(read, 503), "all-posts to be off", FOLLOW)
        rejected = read()
        set_route(enabled=True)
        until(everywhere(read, 200), "all-posts to be on", FOLLOW)
    assert rejected.headers["Content-Type"] == "application/problem+json"
    assert rejected.json()["code"] == "route_disabled"
    assert int(rejected.headers["Retry-After"]) > 0
    assert set(seen) == {200, 503}


def test_disabled_route_is_disabled_on_all_its_paths_only(
    read: Read, new_user: Make, set_route: Callable[..., None]
) -> None:
    set_route(enabled=False)
    until(everywhere(read, 503), "all-posts to be off", FOLLOW)
    person = new_user()
    assert person.get("/all-posts/").status_code == 503
    assert person.get("/users/all/").status_code == 200
    person.writes("still open")


def test_rate_of_a_route_applies_to_cached_responses_too(new_user: Make, set_route: Callable[..., None]) -> None:
    set_route(rate="5/hour")
    probe, person, other = new_user(), new_user(), new_user()
    until(lambda: probe.get("/all-posts/").status_code == 429, "the rate to be followed", 2 * FOLLOW)
    replies = [person.get("/all-posts/", headers={"Connection": "close"}) for _ in range(20)]
    rejected = [reply for reply in replies if reply.status_code == 429]
    assert rejected
    assert rejected[0].headers["X-RateLimit-Limit"] == "5"
    assert int(rejected[0].headers["Retry-After"]) > 0
    assert person.get("/users/all/").headers["X-RateLimit-Limit"] == "1000"
    assert other.get("/all-posts/").status_code == 200


def test_route_can_be_sent_only_to_a_method_with_the_same_contract(
    new_user: Make, operator: Operator, set_route: Callable[..., None]
) -> None:
    for target in ("users.all", "feeds.nothing", "unknown.all"):
        with pytest.raises(ServiceError, match="target"):
            set_route(target=target)
    set_route(target="feeds.all")
    assert new_user().get("/all-posts/").status_code == 200
    assert {rule["name"]: rule["target"] for rule in operator("gateway.routes")["items"]}["all-posts"] == "feeds.all"
