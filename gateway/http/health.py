"""Probes: /livez while the process runs, /readyz when it can serve."""

import time
from collections.abc import Callable
from functools import partial

from flask import Flask, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from chassis.contract import Empty
from chassis.errors import ServiceError
from gateway.http.backends import Backends

SERVICES = ("users", "feeds", "notifications")
PING_DEADLINE = 2  # seconds
MAX_AGE = 1  # seconds for which a result is reused


def add(app: Flask, backends: Backends) -> None:
    """Add both probes."""
    readiness = Readiness(backends)
    app.add_url_rule("/livez", "livez", lambda: jsonify(status="ok"))
    app.add_url_rule("/readyz", "readyz", readiness.view)


class Readiness:
    """Ready: broker and database respond, and each service has responded once since this process started.

    A service that fails later makes its own routes answer 503; the gateway stays ready for the others.
    """

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._responded: set[str] = set()
        self._result: tuple[dict[str, str], bool] = ({}, False)
        self._valid_until = 0.0

    def view(self) -> tuple[Response, int]:
        """Answer 200 or 503; anyone may ask, and a check costs four round trips, so its result is reused."""
        if time.monotonic() >= self._valid_until:
            self._result, self._valid_until = self._check(), time.monotonic() + MAX_AGE
        checks, ready = self._result
        return jsonify(status="ready" if ready else "not ready", checks=checks), 200 if ready else 503

    def _check(self) -> tuple[dict[str, str], bool]:
        required = {"broker": self._backends.broker.connected.is_set(), "database": self._responds(self._database)}
        services = {name: self._responds(partial(self._ping, name)) for name in SERVICES}
        self._responded.update(name for name, responds in services.items() if responds)
        ready = all(required.values()) and self._responded.issuperset(SERVICES)
        return {name: "ok" if good else "away" for name, good in (required | services).items()}, ready

    def _database(self) -> None:
        with self._backends.database.begin() as session:
            session.execute(text("SELECT 1"))

    def _ping(self, service: str) -> None:
        self._backends.rpc.call_as_gateway(f"{service}.ping", Empty(), Empty, deadline=PING_DEADLINE)

    @staticmethod
    def _responds(check: Callable[[], None]) -> bool:
        try:
            check()
        except (ServiceError, SQLAlchemyError):
            return False
        return True
