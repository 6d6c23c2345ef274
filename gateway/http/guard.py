"""The guard: WSGI middleware before Flask. Session, rate limit and cached response in one Redis round trip."""

from collections.abc import Callable, Iterable, Sequence
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from gunicorn import util

from chassis.auth import keyring
from chassis.errors import ServiceError, TooManyRequests, Unauthenticated, Unavailable
from chassis.observability import correlation, tracing
from gateway import metrics
from gateway.cache.redis_client import RedisUnavailable
from gateway.cache.response_cache import CachedResponse
from gateway.http import problems
from gateway.http.backends import Backends
from gateway.http.cacheable import Cacheable, CacheableRoutes
from gateway.http.cors import Origins
from gateway.http.request_parsing import BrokenBody
from gateway.http.responses import Responder, common_headers
from gateway.http.webhooks import WebhookSecret
from gateway.limits import route_limits
from gateway.limits.lookup import Found
from gateway.limits.rate_limiter import enforce
from gateway.request.cached_session import CachedSessions
from gateway.request.context import CONTEXT_KEY, RequestContext, from_environ
from gateway.request.handshake import TURN, is_handshake
from gateway.request.rates import Count, Rate
from gateway.routing.route import Route
from users.contract import Identity

UNGUARDED = frozenset({"/livez", "/readyz", "/metrics"})  # requested by machines, regularly


class Guard:
    """Checks every request before Flask sees it, and answers cached responses itself.

    gunicorn's worker calls `close` before it ends.
    """

    def __init__(
        self, app: WSGIApplication, backends: Backends, routes: Sequence[Route], on_close: Callable[[], None]
    ) -> None:
        self._app = app
        self.close = on_close
        self._backends = backends
        self._sessions = CachedSessions(keyring.from_config(backends.settings))
        settings = backends.settings["gateway"]
        self._proxies: int = settings["trusted_proxies"]
        self._origins = Origins(settings["allowed_origins"])
        # Requests with the webhook's secret are not counted: the provider sends thousands from few addresses.
        self._webhook = WebhookSecret(settings["callbacks"]["africastalking"])
        self._common = common_headers(backends.settings)
        self._cacheable = CacheableRoutes(routes)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Respond, or pass the request on with its context in the environ.

        The handshake of a websocket waits for its turn, so that a crowd of them does not delay other requests.
        """
        context = environ[CONTEXT_KEY] = from_environ(environ, self._proxies)
        correlation.request_id.set(context.request_id)
        correlation.traceparent.set(tracing.parse_traceparent(environ.get("HTTP_TRACEPARENT")))
        responder = Responder(environ, context, self._common + self._origins.headers(environ), start_response)
        if environ["PATH_INFO"] in UNGUARDED:
            return self._app(environ, responder.start_quietly)
        if not is_handshake(environ):
            return self._respond(environ, context, responder)
        try:
            with self._backends.handshakes.turn() as environ[TURN]:
                return self._respond(environ, context, responder)
        except Unavailable as error:
            return responder.problem(error)

    def _respond(self, environ: WSGIEnvironment, context: RequestContext, responder: Responder) -> Iterable[bytes]:
        preflight = self._origins.preflight(environ)
        if preflight is not None:
            return responder.preflight(preflight)
        try:
            cached = None if self._webhook.in_path(environ["PATH_INFO"]) else self._admit(context, environ)
        except Exception as error:  # noqa: BLE001 - a joined computation may raise any
            return responder.problem(problems.translate(error)[0])
        if cached is not None:
            return responder.cached(cached)
        try:
            return self._app(environ, responder.start)
        except BrokenBody as broken:
            util.write_error(environ["gunicorn.socket"], broken.status, "", broken.detail)
            raise StopIteration from None  # gunicorn then closes the connection

    def _admit(self, context: RequestContext, environ: WSGIEnvironment) -> CachedResponse | None:
        """Count the request; return its response if it is cached or being computed. Raises TooManyRequests."""
        cacheable = self._cacheable_now(environ)
        wanted = (cacheable.tags, cacheable.name) if cacheable else ()
        try:
            found = self._backends.lookup.find(context.token_hash, context.address, *wanted)
        except RedisUnavailable:
            found = None
        if found and found.session and context.token_hash:
            context.identity = self._sessions.identity(found.session, context.token_hash)
            if context.identity:
                self._backends.tokens.saw_right(context.token_hash)
        ended = found is not None and found.session == b""
        if found is None or (context.token_hash and context.identity is None and not ended):
            self._authenticate(context)
            count = self._count(context)
        else:
            count = found.count
        enforce(context, self._backends.limiter.rates["user" if context.identity else "anon"], count)
        if cacheable is None or found is None:
            return None
        context.cache_key = found.cache_key
        return self._from_cache(cacheable.route, context, found)

    def _from_cache(self, route: Route, context: RequestContext, found: Found) -> CachedResponse | None:
        """Return the response that is cached, or is being computed for others; None if it is to be computed.

        So of many misses at a time only one goes through Flask, which costs three times as much. Raises
        TooManyRequests if the route's own limit is reached, or the error of the computation.
        """
        metrics.PAGES.labels("hit" if found.cached else "miss").inc()
        context.route, override = route.name, self._backends.routing.override(route.name)
        response = found.cached
        if response is None and context.cache_key is not None:
            response, context.cache_key = self._backends.single_flight.join(context.cache_key, override.deadline)
        if response is not None:
            route_limits.consume(route, override, self._backends.limiter, context)
        return response

    def _cacheable_now(self, environ: WSGIEnvironment) -> Cacheable | None:
        """Return the response that a request is for, if it may be cached and its route is cached at the moment."""
        found = self._cacheable.find(environ)
        if found is None:
            return None
        override = self._backends.routing.override(found.route.name)
        return found if override.enabled and override.cache_seconds else None

    def _authenticate(self, context: RequestContext) -> None:
        """Ask users whose token it is; the wrong tokens of an address are limited like the requests of a user.

        A right token does not count, and one that was wrong a short time ago is not asked about: many users may share
        an address.
        """
        if context.token_hash is None or self._backends.tokens.is_wrong(context.token_hash):
            return
        try:
            context.identity = self._identify(context, context.token_hash)
        except TooManyRequests:
            raise
        except Unauthenticated:
            self._backends.tokens.add_wrong(context.token_hash)
            self._backends.limiter.consume(*self._wrong_tokens(context))
        except ServiceError as error:
            context.identity_error = error
        else:
            self._backends.tokens.add_right(context.token_hash)

    def _identify(self, context: RequestContext, token_hash: str) -> Identity:
        """Ask users, unless too many tokens of the address were wrong. Raises ServiceError.

        Those in a queue are rejected at their turn, so a parallel flood ends as soon as its first calls are counted.
        """
        if not self._backends.tokens.is_right(token_hash):
            rate, key = self._wrong_tokens(context)
            count = self._backends.limiter.preview(rate, key)
            if count.count > rate.limit:
                enforce(context, rate, count)
        return self._backends.sessions.identity(token_hash)

    def _wrong_tokens(self, context: RequestContext) -> tuple[Rate, str]:
        return self._backends.limiter.rates["user"], f"check:{context.address}"

    def _count(self, context: RequestContext) -> Count:
        limiter = self._backends.limiter
        if context.identity is not None:
            return limiter.consume(limiter.rates["user"], f"user:{context.identity.user_id}")
        return limiter.consume(limiter.rates["anon"], f"anon:{context.address}")
