"""A web process' copy of the routing information, whatever stands in the table."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import sessionmaker

from chassis.db.engine import create_engine
from gateway.authors import store
from gateway.limits.rate_limiter import Rate
from gateway.models import Base, RouteRow
from gateway.routing import overrides
from gateway.routing.follower import Routing
from gateway.routing.overrides import rule_of
from gateway.routing.table import BY_NAME, ROUTES

Written = Callable[..., Routing]
SEED = rule_of(BY_NAME["all-posts"])


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Written]:
    """Write to the table by hand, and read it: `written(rate="10/minute")` returns the process' copy."""
    engine = create_engine({"url": f"sqlite:///{tmp_path}/gateway.sqlite3"})
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        overrides.seed(connection, ROUTES)
    routing = Routing(ROUTES, sessionmaker(engine))

    def written(route: str = "all-posts", **values: object) -> Routing:
        with sessionmaker(engine).begin() as session:
            store.change_rule(session, route, values)
        routing.read()
        return routing

    yield written
    engine.dispose()


def test_a_process_follows_the_table(written: Written) -> None:
    rule = written(enabled=False, target="archive.all", rate="10/minute", cache_seconds=5, deadline=1).rule("all-posts")
    assert rule == overrides.Rule(enabled=False, target="archive.all", rate=Rate(10, 60), cache_seconds=5, deadline=1)
    assert written(rate=None).rule("all-posts").rate is None


@pytest.mark.parametrize(
    "nonsense",
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
def test_a_rule_that_makes_no_sense_leaves_the_route_as_it_was_and_all_others_followed(
    written: Written, nonsense: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    written(enabled=False)
    written(enabled=True, **nonsense)
    routing = written("login", enabled=False)
    assert routing.rule("all-posts").enabled is False
    assert routing.rule("login").enabled is False
    assert caplog.text.count("the route all-posts stays as it was") == 1
    good = {"rate": None, "target": SEED.target, "deadline": SEED.deadline, "cache_seconds": SEED.cache_seconds}
    assert written(**good).rule("all-posts") == SEED


def test_a_row_of_a_route_that_is_not_ours_is_left_alone(written: Written) -> None:
    routing = written("login", name="of-another-version", target="nowhere")
    assert routing.rule("login") == rule_of(BY_NAME["login"])
    with pytest.raises(KeyError):
        routing.rule("of-another-version")


def test_the_gateways_nameko_class_stays_out_of_gevent() -> None:
    code = "import gateway.service, sys; sys.exit('gevent' in sys.modules)"
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False).returncode == 0  # noqa: S603


def test_every_row_starts_with_a_rule_that_operators_could_set() -> None:
    for route in ROUTES:
        columns = {"name": route.name} | overrides.seed_of(route)
        assert overrides.read(RouteRow(**columns)) == rule_of(route)
