"""How a route is served right now: what the route table says, and what operators changed of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from chassis.contract.validation import validate
from chassis.errors import Invalid
from gateway import contract
from gateway.authors import store
from gateway.limits.rate_limiter import Rate, parse_rate
from gateway.models import RouteRow
from gateway.routing.route import Route


@dataclass(frozen=True, slots=True)
class Rule:
    """The routing information of a route; `rate` is a limit of its own beside the general one, if it has one."""

    enabled: bool
    target: str
    rate: Rate | None
    cache_seconds: int
    deadline: float


def seed_of(route: Route) -> dict[str, Any]:
    """Return the columns that a route starts with."""
    return {
        "enabled": True,
        "target": route.target,
        "rate": None,
        "cache_seconds": route.cache_seconds,
        "deadline": route.deadline,
    }


def rule_of(route: Route) -> Rule:
    """Return the rule that a route starts with."""
    return Rule(**seed_of(route))


def read(row: RouteRow) -> Rule:
    """Return the rule that a row describes. Raises Invalid for one that makes no sense."""
    columns = {name: getattr(row, name) for name in ("name", *Rule.__slots__)}
    checked = validate(contract.RouteRule, columns).model_dump(exclude={"name"})
    return Rule(**checked | {"rate": parse_rate(row.rate) if row.rate else None})


def changed(route: Route, request: contract.SetRoute) -> dict[str, Any]:
    """Return the columns that a request changes; what is null goes back to the route table's. Raises Invalid."""
    given = request.model_dump(exclude={"name"}, exclude_unset=True)
    if given.get("cache_seconds") and route.tag is None:
        raise Invalid.field("cache_seconds", f"{route.name} is not cacheable: its answer is not the same for everybody")
    seed = seed_of(route)
    return {name: seed[name] if value is None else value for name, value in given.items()}


def change(session: Session, route: Route, values: dict[str, Any]) -> RouteRow:
    """Change a route's row and return it; a route that the table does not know yet is added."""
    store.seed_rule(session, {"name": route.name} | seed_of(route))
    return store.change_rule(session, route.name, values)


def seed(connection: sa.Connection, routes: Iterable[Route]) -> None:
    """Add the routes that the database does not know yet; runs with each migration."""
    with Session(bind=connection, join_transaction_mode="rollback_only") as session:
        for route in routes:
            store.seed_rule(session, {"name": route.name} | seed_of(route))
