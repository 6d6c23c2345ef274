"""The guard: WSGI middleware before Flask. Session, throttle and cached page in one Redis round trip."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from chassis import clock
from chassis.errors import ServiceError, Unauthenticated
from chassis.observability import correlation, tracing
from gateway import metrics, request_context
from gateway.backends import Backends
from gateway.cache import response_cache
from gateway.http.cors import Origins
from gateway.http.responses import Reply, standing_headers
from gateway.http.webhooks import Callbacks
from gateway.limits import route_limits
from gateway.limits.rate_limiter import Count, RedisAway
from gateway.request_context import Visit
from gateway.routing.route import Route
from gateway.routing.table import ROUTES
from gateway.websocket.registry import Registry
from users.contract import Authenticate, Identity

# Asked by machines, all the time.
UNGUARDED = frozenset({"/livez", "/readyz", "/metrics"})


class Guard:
    """Decides on every request before Flask sees it, and answers cached pages itself."""

    def __init__(self, app: WSGIApplication, backends: Backends, registry: Registry) -> None:
        self._app = app
        self._registry = registry
        self._backends = backends
        self._counters = backends.counters
        self._proxies: int = backends.settings["gateway"]["trusted_proxies"]
        self._origins = Origins(backends.settings["gateway"]["allowed_origins"])
        # Whoever knows the secret has thousands of news from few addresses, and is not counted; all others are.
        self._callbacks = Callbacks(backends.settings["gateway"]["callbacks"]["africastalking"])
        self._standing = standing_headers(backends.settings)
        self._cached = {path.partition("<")[0]: route for route in ROUTES if route.tag for path in route.paths}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or pass on with the visit in the environ."""
        guest = environ[request_context.KEY] = request_context.visit_of(environ, self._proxies)
        correlation.request_id.set(guest.request_id)
        correlation.traceparent.set(tracing.parse_traceparent(environ.get("HTTP_TRACEPARENT")))
        reply = Reply(environ, guest, self._standing + self._origins.headers(environ), start_response)
        if environ["PATH_INFO"] in UNGUARDED:
            return self._app(environ, reply.quiet)
        permission = self._origins.preflight(environ)
        if permission is not None:
            return reply.permit(permission)
        try:
            page = None if self._callbacks.lead_to(environ["PATH_INFO"]) else self._admit(guest, environ)
        except ServiceError as error:
            return reply.refuse(error)
        return self._app(environ, reply.start) if page is None else reply.page(page)

    def close(self) -> None:
        """Say goodbye to the websockets before the process ends."""
        self._registry.close_all()

    def _admit(self, guest: Visit, environ: WSGIEnvironment) -> response_cache.Answer | None:
        """Count the request; return its page if it is cached. Raises TooManyRequests."""
        route, page = self._page(environ)
        try:
            look = self._counters.look(guest.token_hash, guest.address, route.tag if route else None, page)
        except RedisAway:
            look = None
        guest.identity = _identity(look.session) if look else None
        if look is None or (guest.token_hash and look.session is None):
            self._identify(guest)
            count = self._count(guest)
        else:
            count = look.count
        guest.charge(self._counters.rates["user" if guest.identity else "anon"], count)
        if route is None or look is None:
            return None
        guest.page_key = look.page_key
        return self._found(route, guest, look.page)

    def _found(self, route: Route, guest: Visit, page: bytes | None) -> response_cache.Answer | None:
        """Return a cached page, unless the route has a limit of its own that is reached."""
        metrics.PAGES.labels("hit" if page else "miss").inc()
        if page is None:
            return None
        guest.route = route.name
        route_limits.charge(route, self._backends.routing.rule(route.name), self._counters, guest)
        return response_cache.unpacked(page)

    def _page(self, environ: WSGIEnvironment) -> tuple[Route | None, str]:
        """Return the cached route that a request is for, and the name of its page under the route's tag."""
        path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        if environ["REQUEST_METHOD"] != "GET" or len(path) + len(query) > response_cache.MAX_QUERY:
            return None, ""
        route = self._cached.get(path) or self._cached.get(path[: path.rfind("/", 0, -1) + 1])
        if route is None:
            return None, ""
        rule = self._backends.routing.rule(route.name)
        return (route, f"{path}?{query}") if rule.enabled and rule.cache_seconds else (None, "")

    def _identify(self, guest: Visit) -> None:
        """Ask the users service, at most as often for an address as a user may call: guessing tokens costs too."""
        if guest.token_hash is None:
            return
        rate = self._counters.rates["user"]
        tries = self._counters.count(rate, f"check:{guest.address}")
        if tries.count > rate.limit:
            guest.charge(rate, tries)
        try:
            guest.identity = self._backends.rpc.ask(
                "users.authenticate", Authenticate(token_hash=guest.token_hash), Identity
            )
        except Unauthenticated:
            return
        except ServiceError as error:
            guest.trouble = error

    def _count(self, guest: Visit) -> Count:
        if guest.identity is not None:
            return self._counters.count(self._counters.rates["user"], f"user:{guest.identity.user_id}")
        return self._counters.count(self._counters.rates["anon"], f"anon:{guest.address}")


def _identity(session: bytes | None) -> Identity | None:
    """Read the live copy of a session; an empty one has ended."""
    if not session:
        return None
    identity = Identity.model_validate_json(session)
    return identity if identity.expires_at > clock.now() else None
