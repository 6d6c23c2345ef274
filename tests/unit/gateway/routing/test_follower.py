"""A web process's copy of the routing information."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import sessionmaker

from chassis.db.engine import create_engine
from gateway.models import Base, RouteRow
from gateway.request.rates import Rate
from gateway.routing import overrides, store
from gateway.routing.follower import RoutingFollower
from gateway.routing.overrides import default_override
from gateway.routing.table import BY_NAME, ROUTES

Written = Callable[..., RoutingFollower]
SEED = default_override(BY_NAME["all-posts"])


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Written]:
    """Write to the table, and read it: `written(rate="10/minute")` returns the process's copy."""
    engine = create_engine({"url": f"sqlite:///{tmp_path}/gateway.sqlite3"})
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        overrides.add_missing(connection, ROUTES)
    routing = RoutingFollower(ROUTES, sessionmaker(engine))

    def written(route: str = "all-posts", **values: object) -> RoutingFollower:
        with sessionmaker(engine).begin() as session:
            store.change(session, route, values)
        routing.read()
        return routing

    yield written
    engine.dispose()


def test_process_applies_the_values_of_the_table(written: Written) -> None:
    values = {"enabled": False, "target": "archive.all", "cache_seconds": 5, "deadline": 1}
    override = written(**values, rate="10/minute").override("all-posts")
    assert override == overrides.RouteOverride(**values, rate=Rate(10, 60))  # type: ignore[arg-type]
    assert written(rate=None).override("all-posts").rate is None


@pytest.mark.parametrize(
    "invalid",
    [
        {"rate": "often"},
        {"rate": ""},
        {"target": "nowhere"},
        {"deadline": 0.0},
        {"deadline": 1e9},
        {"cache_seconds": -5},
    ],
    ids=str,
)
def test_invalid_row_leaves_its_route_unchanged_and_others_followed(
    written: Written, invalid: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    written(enabled=False)
    written(enabled=True, **invalid)
    routing = written("login", enabled=False)
    assert routing.override("all-posts").enabled is False
    assert routing.override("login").enabled is False
    assert caplog.text.count("the route all-posts stays as it was") == 1
    good = {"rate": None, "target": SEED.target, "deadline": SEED.deadline, "cache_seconds": SEED.cache_seconds}
    assert written(**good).override("all-posts") == SEED


def test_row_of_an_unknown_route_is_ignored(written: Written) -> None:
    routing = written("login", name="of-another-version", target="nowhere")
    assert routing.override("login") == default_override(BY_NAME["login"])
    with pytest.raises(KeyError):
        routing.override("of-another-version")


def test_gateways_nameko_class_does_not_import_gevent() -> None:
    code = "import gateway.service, sys; sys.exit('gevent' in sys.modules)"
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False).returncode == 0  # noqa: S603


def test_every_route_has_valid_defaults() -> None:
    for route in ROUTES:
        columns = {"name": route.name} | overrides.defaults(route)
        assert overrides.from_row(RouteRow(**columns)) == default_override(route)
