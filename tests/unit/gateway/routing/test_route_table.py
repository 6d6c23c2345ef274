"""The route table against the specification."""

import pytest

from gateway.routing.route import Access
from gateway.routing.table import ROUTES

# Method, path as the specification has it, and the service's own endpoint mirrored under its name.
SPECIFIED = [
    ("POST", "/register/", "/users/register/"),
    ("POST", "/login/", "/users/login/"),
    ("POST", "/logout/", "/users/logout/"),
    ("PUT", "/update-account/", "/users/update-account/"),
    ("GET", "/users/detail/<id>/", "/users/detail/<id>/"),
    ("GET", "/users/all/", "/users/all/"),
    ("GET", "/all-posts/", "/feeds/all/"),
    ("GET", "/post-detail/<id>/", "/feeds/detail/<id>/"),
    ("POST", "/create-post/", "/feeds/create/"),
    ("POST", "/send-notification/", "/notifications/send-notification/"),
]


@pytest.mark.parametrize(("method", "path", "mirror"), SPECIFIED)
def test_every_endpoint_of_the_specification_has_a_route(method: str, path: str, mirror: str) -> None:
    assert [route.name for route in ROUTES if route.method == method and {path, mirror} <= set(route.paths)]


def test_route_names_and_endpoints_are_unique() -> None:
    names = [route.name for route in ROUTES]
    endpoints = [(route.method, path) for route in ROUTES for path in route.paths]
    assert (len(set(names)), len(set(endpoints))) == (len(names), len(endpoints))


def test_sign_ins_that_may_link_an_identity_take_an_optional_token() -> None:
    """Otherwise a token that cannot be checked at the moment would be a 401 or 403."""
    optional = {route.name for route in ROUTES if route.access is Access.OPTIONAL_USER}
    assert optional == {"begin-provider-sign-in", "finish-provider-sign-in"}


def test_only_public_routes_use_the_shared_cache() -> None:
    assert all(route.access is Access.ANYONE and route.method == "GET" for route in ROUTES if route.tags)
