"""How a route is served at the moment: the values of the route table, or those that operators set in the database."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from chassis.contract.validation import validate
from chassis.errors import Invalid
from gateway import contract
from gateway.models import RouteRow
from gateway.request.rates import Rate, parse_rate
from gateway.routing import store
from gateway.routing.route import Route


@dataclass(frozen=True, slots=True)
class RouteOverride:
    """The routing information of a route; `rate` is an own limit beside the general one, `deadline` in seconds."""

    enabled: bool
    target: str
    rate: Rate | None
    cache_seconds: int
    deadline: float


def defaults(route: Route) -> dict[str, Any]:
    """Return the columns of a route as the route table has them."""
    return {
        "enabled": True,
        "target": route.target,
        "rate": None,
        "cache_seconds": route.cache_seconds,
        "deadline": route.deadline,
    }


def default_override(route: Route) -> RouteOverride:
    """Return the routing information of the route table."""
    return RouteOverride(**defaults(route))


def from_row(row: RouteRow) -> RouteOverride:
    """Return the routing information of a row. Raises Invalid."""
    columns = {name: getattr(row, name) for name in ("name", *RouteOverride.__slots__)}
    checked = validate(contract.RouteRule, columns).model_dump(exclude={"name"})
    return RouteOverride(**checked | {"rate": parse_rate(row.rate) if row.rate else None})


def changed_columns(route: Route, request: contract.SetRoute) -> dict[str, Any]:
    """Return the columns that a request changes; null resets one to the route table. Raises Invalid."""
    given = request.model_dump(exclude={"name"}, exclude_unset=True)
    if given.get("cache_seconds") and not route.tags:
        raise Invalid.field("cache_seconds", f"{route.name} is not cacheable: its response differs by user")
    original = defaults(route)
    return {name: original[name] if value is None else value for name, value in given.items()}


def change(session: Session, route: Route, values: dict[str, Any]) -> RouteRow:
    """Change a route's row and return it; add it if the table does not have it."""
    store.add(session, {"name": route.name} | defaults(route))
    return store.change(session, route.name, values)


def add_missing(connection: sa.Connection, routes: Iterable[Route]) -> None:
    """Add the routes that the database does not have; runs with each migration."""
    with Session(bind=connection, join_transaction_mode="rollback_only") as session:
        for route in routes:
            store.add(session, {"name": route.name} | defaults(route))
