"""Builds the gateway's WSGI application; gunicorn calls `create_app` once in each of its processes."""

import logging
from functools import partial

import gevent
from flask import Flask, Response, request
from psycogreen.gevent import patch_psycopg
from sqlalchemy.orm import sessionmaker

from chassis import config
from chassis.db.engine import create_engine
from chassis.observability import error_reports, tracing
from chassis.observability.metrics import watch_connections, watch_hub
from gateway import metrics, request_context
from gateway.backends import Backends
from gateway.cache.single_flight import Flights
from gateway.html import rendering, unsubscribe
from gateway.http import health, problems, webhooks
from gateway.http.guard import Guard
from gateway.http.views import serve
from gateway.http.webhooks import Callbacks
from gateway.limits.rate_limiter import Counters, parse_rate
from gateway.openapi import views
from gateway.request_context import Visit
from gateway.routing.follower import Routing
from gateway.routing.table import ROUTES
from gateway.rpc.broker import Broker
from gateway.rpc.client import RpcClient
from gateway.websocket.endpoint import add_socket
from gateway.websocket.listener import Listener
from gateway.websocket.monitor import Vigil
from gateway.websocket.presence import Presence
from gateway.websocket.registry import Registry

DATABASE_POOL = 10  # connections a process
CONNECTED = 3  # seconds

_log = logging.getLogger(__name__)


def create_app() -> Guard:
    """Connect this process to its backends and return the guarded application."""
    patch_psycopg()
    backends = _backends()
    error_reports.start(backends.settings, "gateway.app")
    tracing.start(backends.settings, "gateway.app")
    registry, presence = Registry(), Presence(backends.settings["redis_url"])
    vigil = Vigil(registry, backends.rpc, presence, backends.settings["gateway"]["socket"]["ping"])
    backends.broker.subscribe(backends.rpc)
    backends.broker.subscribe(Listener(backends.settings, registry, vigil))
    for task in (watch_hub, backends.broker.run, backends.routing.follow, vigil.ping, vigil.watch, presence.follow):
        gevent.spawn(task)
    # Whoever replaces a process that died listens where clients know it, so it had better not refuse them at first.
    backends.broker.connected.wait(CONNECTED)
    return Guard(_flask(backends, registry, presence), backends, registry)


def _backends() -> Backends:
    settings = config.load("gateway")
    engine = create_engine(settings["gateway"]["database"], DATABASE_POOL)
    watch_connections("gateway", engine)
    database = sessionmaker(engine)
    rates = {name: parse_rate(rate) for name, rate in settings["gateway"]["throttle"].items()}
    counters = Counters(settings["redis_url"], rates)
    broker, rpc, routing = Broker(settings), RpcClient(settings), Routing(ROUTES, database)
    return Backends(settings, database, counters, Flights(counters), broker, rpc, routing)


def _flask(backends: Backends, registry: Registry, presence: Presence) -> Flask:
    app = Flask("gateway", static_folder=None)
    for route in ROUTES:
        for number, path in enumerate(route.paths):
            view = partial(serve, route, backends)
            app.add_url_rule(path, f"{route.name}-{number}", view, methods=[route.method])
    health.add(app, backends)
    metrics.add(app, backends.settings)
    views.add(app)
    rendering.add(app)
    webhooks.add(app, backends, Callbacks(backends.settings["gateway"]["callbacks"]["africastalking"]))
    add_socket(app, backends, registry, presence)
    app.register_error_handler(Exception, _problem)
    return app


def _problem(error: Exception) -> Response:
    refusal, headers = problems.translated(error)
    guest: Visit = request.environ[request_context.KEY]
    if guest.route == unsubscribe.ROUTE and rendering.wanted(request):
        return rendering.page(unsubscribe.refused(refusal), headers)
    return Response(problems.document(refusal, guest.request_id), refusal.status, headers)
