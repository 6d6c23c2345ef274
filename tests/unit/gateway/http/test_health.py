"""Readiness: what must respond, and how often it is asked."""

from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import gevent
import pytest
from flask import Flask
from gevent.event import Event
from sqlalchemy.exc import OperationalError

from chassis.contract import Empty
from chassis.errors import Unavailable
from gateway.http import health


class Backends:
    """Broker, database and services, each of which responds unless it is in `down`."""

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.failing: list[str] = []
        self.pings = 0
        self.silent = False
        self.rpc = SimpleNamespace(call_as_gateway=self._call)
        self.database = SimpleNamespace(begin=self._begin)

    @property
    def broker(self) -> Any:
        connected = Event()
        if "broker" not in self.down:
            connected.set()
        return SimpleNamespace(connected=connected)

    def _call(self, target: str, *_: object, **__: object) -> Empty:
        self.pings += 1
        while self.silent and self.pings < len(health.SERVICES):
            gevent.sleep(0)
        if target.partition(".")[0] in self.down:
            raise Unavailable("away")
        return Empty()

    @contextmanager
    def _begin(self) -> Any:
        if "database" in self.down:
            raise OperationalError("SELECT 1", {}, Exception("away"))
        yield SimpleNamespace(execute=lambda _: None)


@pytest.fixture
def backends() -> Backends:
    return Backends()


@pytest.fixture
def app(backends: Backends, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(health, "MAX_AGE", 0)
    app = Flask("test")
    health.add(app, cast("Any", backends), lambda: backends.failing)
    return app


def status(app: Flask) -> int:
    return app.test_client().get("/readyz").status_code


@pytest.mark.parametrize("missing", ["broker", "database", *health.SERVICES])
def test_gateway_is_not_ready_before_everything_has_responded_once(
    app: Flask, backends: Backends, missing: str
) -> None:
    backends.down = {missing}
    assert status(app) == 503
    backends.down = set()
    assert status(app) == 200


@pytest.mark.parametrize("lost", ["database", *health.SERVICES])
def test_gateway_stays_ready_without_what_some_answers_need(app: Flask, backends: Backends, lost: str) -> None:
    assert status(app) == 200
    backends.down = {lost}
    response: Any = app.test_client().get("/readyz")
    assert (response.status_code, response.json["checks"][lost]) == (200, "away")


def test_gateway_is_not_ready_while_it_has_no_broker(app: Flask, backends: Backends) -> None:
    assert status(app) == 200
    backends.down = {"broker"}
    assert status(app) == 503


def test_process_is_alive_unless_a_background_task_does_not_work(app: Flask, backends: Backends) -> None:
    def livez() -> tuple[int, Any]:
        response = app.test_client().get("/livez")
        return response.status_code, response.json

    backends.down = {"broker", "database", *health.SERVICES}
    assert livez() == (200, {"status": "ok"})
    backends.failing = ["Broker.run"]
    assert livez() == (503, {"status": "failing", "tasks": ["Broker.run"]})


def test_services_that_do_not_answer_delay_a_probe_by_one_deadline(app: Flask, backends: Backends) -> None:
    backends.silent = True  # none answers before all were asked
    with gevent.Timeout(5):
        assert status(app) == 200


def test_concurrent_probes_share_one_check(app: Flask, backends: Backends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "MAX_AGE", 60)
    probes = [gevent.spawn(status, app) for _ in range(20)]
    assert [probe.get(timeout=5) for probe in probes] == [200] * 20
    assert backends.pings == len(health.SERVICES)
