"""Limits of single routes."""

import pytest

from chassis.errors import TooManyRequests
from gateway.limits import route_limits
from gateway.limits.rate_limiter import Counters, Rate
from gateway.request_context import visit_of
from gateway.routing.overrides import Rule, rule_of
from gateway.routing.table import BY_NAME
from users.contract import Login

CLOSED = "redis://127.0.0.1:1/0"
LOGIN, POSTS = BY_NAME["login"], BY_NAME["all-posts"]


@pytest.fixture
def counters() -> Counters:
    return Counters(CLOSED, {"login": Rate(2, 60), "register": Rate(2, 60)})


def tried(counters: Counters, address: str, name: str) -> None:
    guest = visit_of({"REMOTE_ADDR": address}, 0)
    route_limits.charge(LOGIN, rule_of(LOGIN), counters, guest, Login(username=name, password="x"))


def test_login_is_limited_per_address(counters: Counters) -> None:
    tried(counters, "1.1.1.1", "ada")
    tried(counters, "1.1.1.1", "ben")
    with pytest.raises(TooManyRequests):
        tried(counters, "1.1.1.1", "cleo")


def test_login_is_limited_per_account_in_whatever_case_it_is_written(counters: Counters) -> None:
    tried(counters, "1.1.1.1", "ada")
    tried(counters, "2.2.2.2", "Ada")
    with pytest.raises(TooManyRequests):
        tried(counters, "3.3.3.3", "ADA")


def test_a_route_without_a_limit_of_its_own_counts_nothing_here(counters: Counters) -> None:
    for _ in range(10):
        route_limits.charge(POSTS, rule_of(POSTS), counters, visit_of({"REMOTE_ADDR": "1.1.1.1"}, 0))


def test_operators_give_any_route_a_limit(counters: Counters) -> None:
    rule = Rule(enabled=True, target="feeds.all", cache_seconds=60, deadline=5, rate=Rate(1, 60))
    route_limits.charge(POSTS, rule, counters, visit_of({"REMOTE_ADDR": "1.1.1.1"}, 0))
    route_limits.charge(POSTS, rule, counters, visit_of({"REMOTE_ADDR": "2.2.2.2"}, 0))
    with pytest.raises(TooManyRequests):
        route_limits.charge(POSTS, rule, counters, visit_of({"REMOTE_ADDR": "1.1.1.1"}, 0))
