"""Operators change routes at run time, and every gateway process follows."""

from collections.abc import Callable, Iterator

import pytest
import requests

from chassis.errors import ServiceError
from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import TIMEOUT, Client, NewClient
from tests.e2e.support.load import counting_statuses
from tests.e2e.support.operator import Operator
from tests.e2e.support.web_processes import web_processes

LIMIT = 5  # seconds in which every process follows

PATH = "/feeds/all/"

AllRespond = Callable[[Client, int], Callable[[], bool]]
SetRoute = Callable[..., None]


@pytest.fixture
def all_respond(platform: Instance) -> Iterator[AllRespond]:
    """Return a check whether each web process responds to a user with a status."""
    with web_processes(platform) as processes:
        yield lambda user, status: lambda: {one.get(PATH, user.headers) for one in processes} == {status}


@pytest.fixture
def set_route(operator: Operator, new_user: NewClient, all_respond: AllRespond) -> Iterator[SetRoute]:
    """Change the route all-posts; reset it after the test."""
    reader = new_user()

    def set_route(**override: object) -> None:
        operator("gateway.set_route", name="all-posts", **override)

    yield set_route
    operator("gateway.reset_route", name="all-posts")
    until(all_respond(reader, 200), "the route to be reset", LIMIT)


def test_route_disabled_under_load_rejects_and_can_be_enabled_again(
    url: str, new_user: NewClient, set_route: SetRoute, all_respond: AllRespond
) -> None:
    user, reader = new_user(), new_user()

    def read_posts() -> requests.Response:
        """Read on a new connection, so that either web process can accept it."""
        return requests.get(f"{url}{PATH}", headers=reader.headers, timeout=TIMEOUT)

    with counting_statuses(read_posts) as statuses:
        set_route(enabled=False)
        until(all_respond(user, 503), "the route to be disabled", LIMIT)
        rejected = read_posts()
        assert user.get("/all-posts/").status_code == 503  # the other path of the route
        assert user.get("/users/all/").status_code == 200  # other routes
        user.create_post("still enabled")
        set_route(enabled=True)
        until(all_respond(user, 200), "the route to be enabled", LIMIT)
    assert rejected.headers["Content-Type"] == "application/problem+json"
    assert rejected.json()["code"] == "route_disabled"
    assert int(rejected.headers["Retry-After"]) > 0
    assert set(statuses) == {200, 503}


def test_rate_of_a_route_applies_to_cached_responses_too(
    new_user: NewClient, set_route: SetRoute, all_respond: AllRespond
) -> None:
    set_route(rate="5/hour")
    probe, user, other = new_user(), new_user(), new_user()
    until(all_respond(probe, 429), "the rate to apply", 2 * LIMIT)
    responses = [user.get("/all-posts/", headers={"Connection": "close"}) for _ in range(20)]
    rejected = [response for response in responses if response.status_code == 429]
    assert len(rejected) == 15
    assert rejected[0].headers["X-RateLimit-Limit"] == "5"
    assert int(rejected[0].headers["Retry-After"]) > 0
    assert user.get("/users/all/").headers["X-RateLimit-Limit"] == "1000"
    assert other.get("/all-posts/").status_code == 200


def test_route_can_be_sent_only_to_a_method_with_the_same_contract(
    new_user: NewClient, operator: Operator, set_route: SetRoute
) -> None:
    for target in ("users.all", "feeds.nothing", "unknown.all"):
        with pytest.raises(ServiceError, match="target"):
            set_route(target=target)
    set_route(target="feeds.all")
    assert new_user().get("/all-posts/").status_code == 200
    targets = {route["name"]: route["target"] for route in operator("gateway.routes")["items"]}
    assert targets["all-posts"] == "feeds.all"
