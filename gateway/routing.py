"""Routing information: seeded from the route table, changed by operators, followed by every gateway process."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

import gevent
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from gateway import store
from gateway.limits import Rate
from gateway.route import Route

FOLLOW = 2  # seconds between looks at the table; changes count after 5 at the latest

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rule:
    """How a route is served right now."""

    enabled: bool
    target: str
    cache_seconds: int
    deadline: float
    rate: Rate | None = None


def rule_of(route: Route) -> Rule:
    """Return the rule that a route starts with."""
    return Rule(enabled=True, target=route.target, cache_seconds=route.cache_seconds, deadline=route.deadline)


def seed(connection: sa.Connection, routes: Iterable[Route]) -> None:
    """Add the routes that the database does not know yet; runs with each migration."""
    with Session(bind=connection, join_transaction_mode="rollback_only") as session:
        for route in routes:
            rule = rule_of(route)
            values = {name: getattr(rule, name) for name in Rule.__slots__}
            store.seed_rule(session, {"name": route.name} | values)


class Routing:
    """This process' copy of the rules; with the database away the last copy stays."""

    def __init__(self, routes: Iterable[Route], database: sessionmaker[Session]) -> None:
        self._database = database
        self._rules = {route.name: rule_of(route) for route in routes}

    def rule(self, name: str) -> Rule:
        """Return the rule of a route."""
        return self._rules[name]

    def follow(self) -> None:
        """Read the table again and again; runs in a greenlet of its own."""
        while True:
            try:
                self.read()
            except SQLAlchemyError as error:
                _log.warning("the routing information cannot be read: %s", type(error).__name__)
            gevent.sleep(FOLLOW)

    def read(self) -> None:
        """Take over what the table says."""
        with self._database.begin() as session:
            rows = store.rules(session)
            found = {row.name: Rule(row.enabled, row.target, row.cache_seconds, row.deadline) for row in rows}
        self._rules |= {name: rule for name, rule in found.items() if name in self._rules}
