"""Routing information as a web process has it: a copy of the table that follows what operators change."""

import logging
from collections.abc import Iterable

import gevent
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from chassis.errors import Invalid
from gateway.authors import store
from gateway.models import RouteRow
from gateway.routing import overrides
from gateway.routing.overrides import Rule
from gateway.routing.route import Route

FOLLOW = 2  # seconds between looks at the table; changes count after 5 at the latest

_log = logging.getLogger(__name__)


class Routing:
    """This process' copy of the rules; with the database away the last copy stays."""

    def __init__(self, routes: Iterable[Route], database: sessionmaker[Session]) -> None:
        self._database = database
        self._rules = {route.name: overrides.rule_of(route) for route in routes}
        self._complaints: dict[str, str] = {}

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
        """Take over what the table says; rows of routes that this version does not have are left alone."""
        with self._database.begin() as session:
            for row in store.rules(session):
                if row.name in self._rules:
                    self._take_over(row)

    def _take_over(self, row: RouteRow) -> None:
        """Take over a rule, unless it makes no sense: somebody may have written to the table by hand."""
        try:
            self._rules[row.name] = overrides.read(row)
            self._complaints.pop(row.name, None)
        except Invalid as error:
            if self._complaints.get(row.name) != error.detail:
                _log.warning("the route %s stays as it was: %s", row.name, error)
            self._complaints[row.name] = error.detail
