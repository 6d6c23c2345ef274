"""Builds the gateway's WSGI application; gunicorn calls `create_app` once in each of its processes."""

import logging
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit, urlunsplit

import gevent
from flask import Flask, Response, request
from gevent.socket import wait_read, wait_write
from sqlalchemy.orm import sessionmaker

from chassis import config
from chassis.db.engine import create_engine
from chassis.db.psycopg2_green import make_psycopg_green
from chassis.observability import error_reports, tracing
from chassis.observability.metrics import watch_connections, watch_hub
from chassis.redis.cache_tags import CacheTags
from chassis.redis.connection import connect
from gateway.authors.name_cache import NameCache
from gateway.cache.local_cache import LocalCache
from gateway.cache.redis_client import RedisClient
from gateway.cache.response_cache import ResponseCache
from gateway.cache.single_flight import SingleFlight
from gateway.html import rendering
from gateway.html import views as html_views
from gateway.http import health, metrics_view, problems, webhooks
from gateway.http.backends import Backends
from gateway.http.guard import Guard
from gateway.http.openapi import views as openapi_views
from gateway.http.views import serve
from gateway.http.webhooks import WebhookSecret
from gateway.limits.known_tokens import KnownTokens
from gateway.limits.lock import Lock
from gateway.limits.lookup import Lookup
from gateway.limits.rate_limiter import RateLimiter
from gateway.request.context import CONTEXT_KEY, RequestContext
from gateway.request.rates import parse_rate
from gateway.routing.follower import RoutingFollower
from gateway.routing.table import ROUTES
from gateway.rpc.broker import Broker
from gateway.rpc.client import RpcClient
from gateway.rpc.sessions import Sessions
from gateway.rpc.turns import Turns
from gateway.server.background import Background
from gateway.websocket import endpoint
from gateway.websocket.listener import Listener
from gateway.websocket.monitor import Monitor
from gateway.websocket.presence import Presence
from gateway.websocket.registry import Registry
from gateway.websocket.replays import Replays

DATABASE_POOL = 10  # connections of a process
DATABASE_WAIT = 5  # seconds for a reply of the database, whose statements here take milliseconds
CONNECT_WAIT = 3  # seconds
# Websocket handshakes at a time: enough to keep the services busy, and few enough that a crowd of them does not delay
# other requests in this process and in the services' queues. The others wait in order of arrival.
HANDSHAKES = 16
HANDSHAKE_WAIT = 60  # seconds, at most: so long may thousands of websockets take to come back after a restart

_log = logging.getLogger(__name__)


def create_app() -> Guard:
    """Connect this process to its backends and return the guarded application."""
    make_psycopg_green(wait_read, wait_write, DATABASE_WAIT)
    backends = _backends()
    error_reports.start(backends.settings, "gateway.app")
    tracing.start(backends.settings, "gateway.app")
    registry, replays, presence = Registry(), Replays(backends.rpc), Presence(backends.settings["redis_url"])
    ping = backends.settings["gateway"]["socket"]["ping"]
    monitor = Monitor(registry, backends.sessions, replays, presence, ping)
    backends.broker.subscribe(backends.rpc)
    backends.broker.subscribe(Listener(backends.settings, registry, monitor))
    background = Background()
    background.start(
        watch_hub,
        backends.broker.run,
        backends.routing.follow,
        monitor.ping,
        monitor.watch,
        monitor.fill_gaps,
        presence.follow,
    )
    # A process that replaces a dead one is connected to by clients at once, so it should not reject its first requests.
    backends.broker.connected.wait(CONNECT_WAIT)
    app = _flask(backends, background)
    endpoint.add(app, backends, registry, replays, presence)
    return Guard(app, backends, ROUTES, on_close=registry.close_all)


def _backends() -> Backends:
    settings = config.load("gateway")
    engine = create_engine(settings["gateway"]["database"], DATABASE_POOL, timeouts=settings["postgresql"])
    watch_connections("gateway", engine)
    database = sessionmaker(engine)
    redis = RedisClient(settings["redis_url"])
    rates = {name: parse_rate(rate) for name, rate in settings["gateway"]["throttle"].items()}
    rpc, cache = RpcClient(settings), settings["gateway"]["cache"]
    return Backends(
        settings=settings,
        database=database,
        names=NameCache(),
        lookup=Lookup(redis, rates["anon"], rates["user"], LocalCache(cache["local"])),
        limiter=RateLimiter(redis, rates),
        tokens=KnownTokens(redis),
        lock=Lock(redis),
        tags=CacheTags(connect(settings["redis_url"]), gevent.spawn),
        single_flight=SingleFlight(ResponseCache(redis, cache["largest"], cache["total"])),
        broker=Broker(settings),
        rpc=rpc,
        sessions=Sessions(rpc),
        handshakes=Turns(HANDSHAKES, HANDSHAKE_WAIT),
        routing=RoutingFollower(ROUTES, database),
    )


def _flask(backends: Backends, background: Background) -> Flask:
    app = Flask("gateway", static_folder=None)
    for route in ROUTES:
        for number, path in enumerate(route.paths):
            view = partial(serve, route, backends)
            app.add_url_rule(path, f"{route.name}-{number}", view, methods=[route.method])
    health.add(app, backends, background.failing)
    metrics_view.add(app, backends.settings)
    openapi_views.add(app)
    html_views.add(app)
    webhooks.add(app, backends, WebhookSecret(backends.settings["gateway"]["callbacks"]["africastalking"]))
    app.register_error_handler(Exception, _problem)
    app.after_request(_relative_redirect)
    return app


def _relative_redirect(response: Response) -> Response:
    """Redirect to a path, such as that with a slash at the end: a proxy in front decides scheme and host of the URL."""
    if not response.location or response.status_code < HTTPStatus.MULTIPLE_CHOICES:
        return response
    target = urlsplit(response.location)
    return Response(
        status=response.status_code, headers={"Location": urlunsplit(target._replace(scheme="", netloc=""))}
    )


def _problem(exception: Exception) -> Response:
    error, headers = problems.translate(exception)
    context: RequestContext = request.environ[CONTEXT_KEY]
    if context.route in html_views.FAILED and rendering.wants_html(request):
        return rendering.render(html_views.FAILED[context.route](error), headers)
    return Response(problems.document(error, context.request_id), error.status, headers)
