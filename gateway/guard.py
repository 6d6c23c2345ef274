"""The guard: WSGI middleware before Flask. Session, throttle and cached page in one Redis round trip."""

import logging
import time
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from chassis import clock, context
from chassis.errors import ServiceError, Unauthenticated
from gateway import pages, problems, visit
from gateway.backends import Backends
from gateway.limits import Count, Rate, RedisAway
from gateway.registry import Registry
from gateway.route import Route
from gateway.routes import ROUTES
from gateway.visit import Visit
from users.contract import Authenticate, Identity

# Asked by machines, all the time.
UNGUARDED = frozenset({"/livez", "/readyz", "/metrics"})

_log = logging.getLogger(__name__)


class Guard:
    """Decides on every request before Flask sees it, and answers cached pages itself."""

    def __init__(self, app: WSGIApplication, backends: Backends, registry: Registry) -> None:
        self._app = app
        self._registry = registry
        self._backends = backends
        self._counters = backends.counters
        self._proxies: int = backends.settings["gateway"]["trusted_proxies"]
        self._cached = {path.partition("<")[0]: route for route in ROUTES if route.tag for path in route.paths}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or pass on with the visit in the environ."""
        guest = environ[visit.KEY] = visit.visit_of(environ, self._proxies)
        guest.headers.append(("X-Request-ID", guest.request_id))
        context.request_id.set(guest.request_id)
        started = time.perf_counter()

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            _log.info(
                "%s %s %s",
                environ["REQUEST_METHOD"],
                environ["PATH_INFO"],
                status[:3],
                extra={"ms": round((time.perf_counter() - started) * 1000, 1)},
            )
            return start_response(status, headers + guest.headers, exc_info)

        if environ["PATH_INFO"] in UNGUARDED:
            return self._app(environ, lambda *answer: start_response(answer[0], answer[1] + guest.headers))
        try:
            page = self._admit(guest, environ)
        except ServiceError as error:
            return _refuse(error, guest, start)
        if page is not None:
            return _serve(page, environ, guest, start_response)
        return self._app(environ, start)

    def close(self) -> None:
        """Say goodbye to the websockets before the process ends."""
        self._registry.close_all()

    def _admit(self, guest: Visit, environ: WSGIEnvironment) -> pages.Answer | None:
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
        self._limit(guest, count)
        if look is None:
            return None
        guest.page_key = look.page_key
        return pages.unpacked(look.page) if look.page else None

    def _page(self, environ: WSGIEnvironment) -> tuple[Route | None, str]:
        """Return the cached route that a request is for, and the name of its page under the route's tag."""
        path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        if environ["REQUEST_METHOD"] != "GET" or len(path) + len(query) > pages.MAX_QUERY:
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
        tries = self._counters.count(rate, "check", guest.address)
        if tries.count > rate.limit:
            self._limit(guest, tries, rate)
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
            return self._counters.count(self._counters.rates["user"], "user", guest.identity.user_id)
        return self._counters.count(self._counters.rates["anon"], "anon", guest.address)

    def _limit(self, guest: Visit, count: Count, rate: Rate | None = None) -> None:
        rate = rate or self._counters.rates["user" if guest.identity else "anon"]
        guest.headers += [
            ("X-RateLimit-Limit", str(rate.limit)),
            ("X-RateLimit-Remaining", str(max(0, rate.limit - count.count))),
            ("X-RateLimit-Reset", str(int(time.time()) + count.left)),
        ]
        guest.refuse_above(rate, count, "Too many requests; try again later.")


def _identity(session: bytes | None) -> Identity | None:
    """Read the live copy of a session; an empty one has ended."""
    if not session:
        return None
    identity = Identity.model_validate_json(session)
    return identity if identity.expires_at > clock.now() else None


def _refuse(error: ServiceError, guest: Visit, start_response: StartResponse) -> list[bytes]:
    body = problems.document(error, guest.request_id)
    headers = [*problems.headers(error), ("Content-Length", str(len(body)))]
    start_response(f"{error.status} {error.default_code}", headers)
    return [body]


def _serve(page: pages.Answer, environ: WSGIEnvironment, guest: Visit, start_response: StartResponse) -> list[bytes]:
    """Answer from the cache, without a log line: this is the hot path."""
    headers = page.headers() + guest.headers
    if page.known_to(environ.get("HTTP_IF_NONE_MATCH", "")):
        start_response("304 Not Modified", headers)
        return []
    start_response("200 OK", [*headers, ("Content-Length", str(len(page.body)))])
    return [page.body]
