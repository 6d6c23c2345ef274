"""Probes: /livez says that the process runs, /readyz that it can serve."""

import time
from collections.abc import Callable
from functools import partial

from flask import Flask, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from chassis.contract import Empty
from chassis.errors import ServiceError
from gateway.backends import Backends

SERVICES = ("users", "feeds", "notifications")
PING = 2  # seconds
FRESH = 1  # seconds


def add(app: Flask, backends: Backends) -> None:
    """Add both probes."""
    readiness = Readiness(backends)
    app.add_url_rule("/livez", "livez", lambda: jsonify(status="ok"))
    app.add_url_rule("/readyz", "readyz", readiness.view)


class Readiness:
    """Ready means: broker and database answer, and each service has answered once since this process started.

    A service that goes away later makes its own routes answer 503; it must not take the whole gateway out of service.
    """

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._seen: set[str] = set()
        self._answer: tuple[dict[str, str], bool] = ({}, False)
        self._fresh_until = 0.0

    def view(self) -> tuple[Response, int]:
        """Answer 200 or 503, with what was found a moment ago: anybody may ask, and asking costs four round trips."""
        if time.monotonic() >= self._fresh_until:
            self._answer, self._fresh_until = self._look(), time.monotonic() + FRESH
        words, ready = self._answer
        return jsonify(status="ready" if ready else "not ready", checks=words), 200 if ready else 503

    def _look(self) -> tuple[dict[str, str], bool]:
        checks = {"broker": self._backends.broker.connected.is_set(), "database": self._answers(self._database)}
        services = {name: self._answers(partial(self._ping, name)) for name in SERVICES}
        self._seen.update(name for name, answers in services.items() if answers)
        ready = all(checks.values()) and self._seen.issuperset(SERVICES)
        return {name: "ok" if good else "away" for name, good in (checks | services).items()}, ready

    def _database(self) -> None:
        with self._backends.database.begin() as session:
            session.execute(text("SELECT 1"))

    def _ping(self, service: str) -> None:
        self._backends.rpc.ask(f"{service}.ping", Empty(), Empty, deadline=PING)

    @staticmethod
    def _answers(check: Callable[[], None]) -> bool:
        try:
            check()
        except (ServiceError, SQLAlchemyError):
            return False
        return True
