"""Operators change routes at run time, and every gateway process follows."""

from collections.abc import Callable, Iterator

import pytest
import requests

from chassis.errors import ServiceError
from dev.machine.waiting import until
from tests.e2e.support.client import NewClient
from tests.e2e.support.load import counting_statuses
from tests.e2e.support.operator import Operator

LIMIT = 5  # seconds in which every process follows

ReadPosts = Callable[[], requests.Response]
SetRoute = Callable[..., None]


@pytest.fixture
def read_posts(url: str, new_user: NewClient) -> ReadPosts:
    """Request posts on a new connection each time, so that either gateway process can accept it."""
    headers = new_user().headers
    return lambda: requests.get(f"{url}/feeds/all/", headers=headers, timeout=10)


@pytest.fixture
def set_route(operator: Operator, read_posts: ReadPosts) -> Iterator[SetRoute]:
    """Change the route all-posts; reset it after the test."""

    def set_route(**override: object) -> None:
        operator("gateway.set_route", name="all-posts", **override)

    yield set_route
    operator("gateway.reset_route", name="all-posts")
    until(all_respond(read_posts, 200), "the route to be reset", LIMIT)


def all_respond(request: ReadPosts, status: int) -> Callable[[], bool]:
    """Return a check whether both gateway processes respond with this status; 12 connections reach both."""
    return lambda: {request().status_code for _ in range(12)} == {status}


def test_route_disabled_under_load_rejects_and_can_be_enabled_again(
    read_posts: ReadPosts, new_user: NewClient, set_route: SetRoute
) -> None:
    user = new_user()
    with counting_statuses(read_posts) as statuses:
        set_route(enabled=False)
        until(all_respond(read_posts, 503), "the route to be disabled", LIMIT)
        rejected = read_posts()
        assert user.get("/all-posts/").status_code == 503  # the other path of the route
        assert user.get("/users/all/").status_code == 200  # other routes
        user.create_post("still enabled")
        set_route(enabled=True)
        until(all_respond(read_posts, 200), "the route to be enabled", LIMIT)
    assert rejected.headers["Content-Type"] == "application/problem+json"
    assert rejected.json()["code"] == "route_disabled"
    assert int(rejected.headers["Retry-After"]) > 0
    assert set(statuses) == {200, 503}


def test_rate_of_a_route_applies_to_cached_responses_too(new_user: NewClient, set_route: SetRoute) -> None:
    set_route(rate="5/hour")
    probe, user, other = new_user(), new_user(), new_user()
    until(lambda: probe.get("/all-posts/").status_code == 429, "the rate to apply", 2 * LIMIT)
    responses = [user.get("/all-posts/", headers={"Connection": "close"}) for _ in range(20)]
    rejected = [response for response in responses if response.status_code == 429]
    assert rejected
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
