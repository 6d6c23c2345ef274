"""A web process's copy of the routing information, which follows the changes of operators."""

import logging
from collections.abc import Iterable

import gevent
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from chassis.errors import Invalid
from gateway.models import RouteRow
from gateway.routing import overrides, store
from gateway.routing.overrides import RouteOverride
from gateway.routing.route import Route

INTERVAL = 2  # seconds between reads of the table; changes count after 5 at the latest

_log = logging.getLogger(__name__)


class RoutingFollower:
    """Reads the table regularly; while the database is unavailable the last copy stays."""

    def __init__(self, routes: Iterable[Route], database: sessionmaker[Session]) -> None:
        self._database = database
        self._overrides = {route.name: overrides.default_override(route) for route in routes}
        self._errors: dict[str, str] = {}  # logged errors, by route

    def override(self, name: str) -> RouteOverride:
        """Return the routing information of a route."""
        return self._overrides[name]

    def follow(self) -> None:
        """Read the table forever; runs in a greenlet of its own."""
        while True:
            try:
                self.read()
            except SQLAlchemyError as error:
                _log.warning("the routing information cannot be read: %s", type(error).__name__)
            gevent.sleep(INTERVAL)

    def read(self) -> None:
        """Read the table once; rows of routes that this version does not have are ignored."""
        with self._database.begin() as session:
            for row in store.all_rows(session):
                if row.name in self._overrides:
                    self._apply(row)

    def _apply(self, row: RouteRow) -> None:
        """Apply a row unless it is invalid: the table may have been edited by hand."""
        try:
            self._overrides[row.name] = overrides.from_row(row)
            self._errors.pop(row.name, None)
        except Invalid as error:
            if self._errors.get(row.name) != error.detail:
                _log.warning("the route %s stays as it was: %s", row.name, error)
            self._errors[row.name] = error.detail
