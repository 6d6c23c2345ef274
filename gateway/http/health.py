"""Probes: /livez while the process and its background tasks run, /readyz when it can serve."""

import time
from collections.abc import Callable
from functools import partial

import gevent
from flask import Flask, Response, jsonify
from gevent.lock import BoundedSemaphore
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from chassis.contract import Empty
from chassis.errors import ServiceError
from gateway.http.backends import Backends

SERVICES = ("users", "feeds", "notifications")
PING_DEADLINE = 2  # seconds
MAX_AGE = 1  # seconds for which a result is reused


def add(app: Flask, backends: Backends, failing: Callable[[], list[str]]) -> None:
    """Add both probes; `failing` returns the background tasks that do not work."""
    readiness = Readiness(backends)
    app.add_url_rule("/livez", "livez", lambda: _liveness(failing()))
    app.add_url_rule("/readyz", "readyz", readiness.view)


def _liveness(failing: list[str]) -> tuple[Response, int]:
    if failing:
        return jsonify(status="failing", tasks=failing), 503
    return jsonify(status="ok"), 200


class Readiness:
    """Ready: the broker is connected, and database and services have each responded once since this process started.

    If one of these fails later, some answers are 503, and the gateway stays ready for the others.
    """

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._responded: set[str] = set()
        self._result: tuple[dict[str, str], bool] = ({}, False)
        self._valid_until = 0.0
        self._checking = BoundedSemaphore()

    def view(self) -> tuple[Response, int]:
        """Answer 200 or 503; anyone may ask, and a check costs four round trips, so its result is shared and reused."""
        with self._checking:
            if time.monotonic() >= self._valid_until:
                self._result, self._valid_until = self._check(), time.monotonic() + MAX_AGE
        checks, ready = self._result
        return jsonify(status="ready" if ready else "not ready", checks=checks), 200 if ready else 503

    def _check(self) -> tuple[dict[str, str], bool]:
        """Ask all at the same time, so that several that do not answer take no longer than one."""
        connected = self._backends.broker.connected.is_set()
        checks = {"database": self._database} | {name: partial(self._ping, name) for name in SERVICES}
        running = {name: gevent.spawn(self._responds, check) for name, check in checks.items()}
        responds = {"broker": connected} | {name: check.get() for name, check in running.items()}
        self._responded.update(name for name, good in responds.items() if good)
        ready = connected and self._responded.issuperset(responds)
        return {name: "ok" if good else "away" for name, good in responds.items()}, ready

    def _database(self) -> None:
        with gevent.Timeout(PING_DEADLINE), self._backends.database.begin() as session:
            session.execute(text("SELECT 1"))

    def _ping(self, service: str) -> None:
        self._backends.rpc.call_as_gateway(f"{service}.ping", Empty(), Empty, deadline=PING_DEADLINE)

    @staticmethod
    def _responds(check: Callable[[], None]) -> bool:
        try:
            check()
        except (ServiceError, SQLAlchemyError, gevent.Timeout):
            return False
        return True
