"""Which cached response a request is for."""

import pytest

from chassis.ids import new_id
from feeds.contract import AUTHORS_TAG, LISTS_TAG, post_tag
from gateway.http.cacheable import CacheableRoutes
from gateway.routing.table import ROUTES

ROUTE_NAMES = CacheableRoutes(ROUTES)
POST, AUTHOR = new_id(), new_id()


def name(path: str, query: str = "", method: str = "GET") -> str | None:
    found = ROUTE_NAMES.find({"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query})
    return found.name if found else None


@pytest.mark.parametrize(
    "query", ["x=1", "limit=20", "limit=20&y", "cursor2=abc", "&", "limit=20&limit=30", "%6cimit=20", "utm_source=mail"]
)
def test_unknown_parameters_and_defaults_make_no_entries_of_their_own(query: str) -> None:
    assert name("/all-posts/", query) == name("/all-posts/") is not None
    assert name(f"/post-detail/{POST}/", query) == name(f"/post-detail/{POST}/") is not None


def test_order_of_parameters_makes_no_entry_of_its_own() -> None:
    assert name("/all-posts/", f"limit=5&author={AUTHOR}") == name("/all-posts/", f"author={AUTHOR}&limit=5")


def test_requests_with_other_fields_have_other_names() -> None:
    queries = ["", "limit=5", "limit=6", f"author={AUTHOR}", f"author={POST}", "cursor=abc", "cursor=abd"]
    assert len({name("/all-posts/", query) for query in queries}) == len(queries)
    assert name(f"/post-detail/{POST}/") != name(f"/post-detail/{AUTHOR}/")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/all-posts/", "limit=0"),
        ("/all-posts/", "limit=x"),
        ("/all-posts/", "author=x"),
        ("/all-posts/", f"cursor={'x' * 201}"),
        ("/all-posts/", "x" * 1000),
        ("/all-posts/more/", ""),
        ("/post-detail/nothing/", ""),
        ("/post-detail/", f"id={POST}"),
        ("/notifications/", ""),
    ],
)
def test_invalid_and_other_requests_are_not_cached(path: str, query: str) -> None:
    assert name(path, query) is None


def test_only_get_requests_are_cached() -> None:
    assert name("/all-posts/", method="POST") is None


def test_details_depend_on_the_tag_of_their_own_post() -> None:
    paths = [f"/post-detail/{POST}/", f"/feeds/detail/{POST}/", "/all-posts/"]
    found = [ROUTE_NAMES.find({"REQUEST_METHOD": "GET", "PATH_INFO": path}) for path in paths]
    details = (AUTHORS_TAG, post_tag(POST))
    assert [cacheable and cacheable.tags for cacheable in found] == [details, details, (AUTHORS_TAG, LISTS_TAG)]
