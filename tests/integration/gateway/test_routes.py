"""Routing information: what operators may do to a route, and what is rejected."""

from collections.abc import Callable
from typing import Any

import pytest
from nameko.runners import ServiceRunner
from sqlalchemy import Engine, text

from chassis.contract import Message
from chassis.errors import Invalid, NotFound
from chassis.rpc.entrypoint import rpc as rpc_entrypoint
from chassis.service import Service
from feeds import contract as feeds
from gateway.routing import overrides
from gateway.routing.table import BY_NAME, ROUTES
from tests.integration.conftest import Settings
from tests.integration.support.rpc import OPERATOR, Rpc
from users import contract as users

Set = Callable[..., dict[str, Any]]
Listed = Callable[[], dict[str, dict[str, Any]]]

pytestmark = pytest.mark.usefixtures("platform")

INVALID: dict[str, tuple[object, ...]] = {
    "deadline": (0, -1, 61, "5"),
    "cache_seconds": (-1, 3601, 1.5),
    "rate": ("", "10", "0/minute", "10/fortnight", "10/minute " * 50, 10),
    "enabled": ("no",),
    "target": ("os.system()", "feeds", "feeds.all.more", f"feeds.{'a' * 100}"),
}
SEED = {"enabled": True, "target": "feeds.all", "rate": None, "cache_seconds": 60, "deadline": 5.0}


class Other(Message):
    id: str


class ArchiveService(Service):
    """Speaks some of the contracts of feeds, as a service does that is to take over a route."""

    name = "archive"

    @rpc_entrypoint
    def all(self, request: feeds.ListPosts) -> feeds.PostPage:
        """Return what there was."""
        return feeds.PostPage(items=[], next=request.cursor)

    @rpc_entrypoint
    def detail(self, request: feeds.GetPost) -> Other:
        """Return something else."""
        return Other(id=request.id)

    @rpc_entrypoint
    def person(self, request: users.GetUser) -> users.Profile:
        """Return a profile."""
        raise NotImplementedError(request)

    @rpc_entrypoint
    def open(self, request: users.Register) -> users.Profile:
        """Return less of an account than it should."""
        raise NotImplementedError(request)

    @rpc_entrypoint
    def create(self, request: Other) -> feeds.Post:
        """Take something else."""
        raise NotImplementedError(request)


@pytest.fixture
def quick(settings: Settings) -> None:
    """A short wait for what does not answer."""
    settings["rpc"]["deadline"] = 2


@pytest.fixture
def set_route(rpc: Rpc) -> Set:
    return lambda name="all-posts", **fields: dict(rpc("gateway.set_route", OPERATOR, name=name, **fields))


@pytest.fixture
def archive(start: Callable[..., ServiceRunner]) -> ServiceRunner:
    return start(ArchiveService)


@pytest.fixture
def listed(rpc: Rpc) -> Listed:
    return lambda: {rule.pop("name"): rule for rule in rpc("gateway.routes", OPERATOR)["items"]}


@pytest.mark.parametrize(
    "change",
    [
        {"enabled": False},
        {"rate": "10/minute"},
        {"cache_seconds": 0},
        {"cache_seconds": 3600},
        {"deadline": 0.5},
        {"deadline": 60},
        {"target": "feeds.all"},
        {"enabled": False, "rate": "1/second", "deadline": 1.5},
    ],
)
def test_given_fields_are_changed_and_null_resets_them(set_route: Set, listed: Listed, change: dict[str, Any]) -> None:
    assert set_route(**change) == {"name": "all-posts"} | SEED | change
    assert listed()["all-posts"] == SEED | change
    assert listed()["post-detail"] == SEED | {"target": "feeds.detail"}
    assert set_route(**dict.fromkeys(change)) == {"name": "all-posts"} | SEED


def test_change_keeps_earlier_changes_of_other_fields(set_route: Set) -> None:
    set_route(rate="10/minute")
    set_route(enabled=False)
    changed = {"name": "all-posts", "rate": "10/minute", "enabled": False, "deadline": 2}
    assert set_route(deadline=2) == SEED | changed


def test_reset_restores_all_fields_of_a_route(set_route: Set, rpc: Rpc, listed: Listed) -> None:
    set_route(enabled=False, rate="10/minute", cache_seconds=1, deadline=1)
    set_route("post-detail", enabled=False)
    assert rpc("gateway.reset_route", OPERATOR, name="all-posts") == {"name": "all-posts"} | SEED
    assert listed()["all-posts"] == SEED
    assert listed()["post-detail"]["enabled"] is False


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in INVALID.items() for value in values])
def test_invalid_value_is_rejected_with_its_field(set_route: Set, listed: Listed, field: str, value: object) -> None:
    with pytest.raises(Invalid) as rejected:
        set_route(**{"enabled": False} | {field: value})
    assert {entry["field"] for entry in rejected.value.errors} == {field}
    assert listed()["all-posts"] == SEED


@pytest.mark.parametrize("name", ["create-post", "inbox", "login"])
def test_only_public_routes_can_be_cached(set_route: Set, name: str) -> None:
    with pytest.raises(Invalid, match="cache_seconds"):
        set_route(name, cache_seconds=5)
    assert set_route(name, cache_seconds=0)["cache_seconds"] == 0


@pytest.mark.parametrize("method", ["set_route", "reset_route"])
def test_unknown_route_is_not_found(rpc: Rpc, method: str) -> None:
    with pytest.raises(NotFound):
        rpc(f"gateway.{method}", OPERATOR, name="all-pots")


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize(("name", "target"), [("all-posts", "archive.all"), ("user-detail", "archive.person")])
def test_target_may_omit_optional_fields_of_the_reply(set_route: Set, name: str, target: str) -> None:
    assert set_route(name, target=target)["target"] == target


@pytest.mark.usefixtures("quick")
def test_route_is_reset_without_its_service_and_a_stopped_target_is_rejected(
    set_route: Set, archive: ServiceRunner, platform: dict[str, Any]
) -> None:
    set_route(target="archive.all")
    platform["feeds"].stop()
    assert set_route(target=None)["target"] == "feeds.all"
    archive.stop()
    with pytest.raises(Invalid, match=r"target.*archive does not answer"):
        set_route(target="archive.all")


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize(
    ("name", "target", "why"),
    [
        ("all-posts", "unknown.all", "unknown does not answer"),
        ("all-posts", "feeds.burn", "no method burn"),
        ("all-posts", "feeds.detail", "takes GetPost and returns Post"),
        ("post-detail", "archive.detail", "returns Other"),
        ("create-post", "archive.create", "takes Other"),
        ("register", "users.detail", "takes GetUser"),
        ("register", "archive.open", "returns Profile"),
    ],
)
def test_missing_or_incompatible_target_is_rejected(set_route: Set, name: str, target: str, why: str) -> None:
    with pytest.raises(Invalid, match=f"target.*{why}"):
        set_route(name, target=target)


def test_migration_keeps_changes_and_rows_of_unknown_routes(set_route: Set, database: Engine, listed: Listed) -> None:
    set_route(enabled=False)
    with database.begin() as connection:
        connection.execute(text("DELETE FROM routes WHERE name = 'login'"))
        connection.execute(text("UPDATE routes SET name = 'of-later' WHERE name = 'inbox'"))
        overrides.add_missing(connection, ROUTES)
    assert listed()["all-posts"]["enabled"] is False
    assert set(listed()) == BY_NAME.keys()


def test_route_without_a_row_can_be_changed(set_route: Set, database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(text("DELETE FROM routes"))
    assert set_route(rate="10/minute") == {"name": "all-posts"} | SEED | {"rate": "10/minute"}
