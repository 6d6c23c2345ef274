"""The one view function that serves every row of the route table."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Response, request

from chassis.contract import Message
from chassis.errors import ServiceError, Unavailable
from chassis.observability import tracing
from gateway.cache.response_cache import CachedResponse, cached_response
from gateway.html import rendering
from gateway.http import downloads, request_parsing
from gateway.http.backends import Backends
from gateway.http.cacheable import given_fields
from gateway.limits import idempotency, route_limits
from gateway.request.cache_key import CacheKey
from gateway.request.context import CONTEXT_KEY, RequestContext
from gateway.routing.overrides import RouteOverride
from gateway.routing.route import Access, Route


def serve(route: Route, backends: Backends, **path: str) -> Response:
    """Serve a request of a route."""
    with tracing.span(f"{route.method} {route.paths[0]}", "SERVER"):
        return _serve(route, backends, path)


def _serve(route: Route, backends: Backends, path: dict[str, str]) -> Response:
    """Authorise, validate, call the service, respond."""
    context: RequestContext = request.environ[CONTEXT_KEY]
    context.route = route.name
    override = backends.routing.override(route.name)
    if not override.enabled:
        raise Unavailable("This endpoint is switched off at the moment.", "route_disabled")
    _authorise(route, context)
    message = _message(route, context, path)
    route_limits.consume(route, override, backends.limiter, context)
    if route.client_request:
        message = request_parsing.with_client(route.client_request, message, context)
    call = _Call(route, override, backends, context, message)
    if route.tags:
        return _cacheable_response(call)
    given = request.headers.get(idempotency.HEADER)
    with idempotency.request_key(route, override.deadline, backends.lock, context, given) as key:
        reply = call.run(key)
    if route.html_page and rendering.wants_html(request):
        return rendering.render(route.html_page(message))
    if route.download:
        return downloads.response(route.download, backends, reply)
    response = _response(route, message, reply)
    if context.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _authorise(route: Route, context: RequestContext) -> None:
    if route.ends_session and context.may_have_ended:
        return  # the service answers only if it has a response to this session
    if route.access is Access.OPTIONAL_USER:
        context.require_checked_token()
    elif route.access is Access.USER:
        context.require_identity()
    elif route.access is Access.STAFF:
        context.require_staff()


def _message(route: Route, context: RequestContext, path: dict[str, str]) -> Message:
    """Return the request model. An invalid request has no earlier response, so it needs a valid token first."""
    try:
        return request_parsing.message(route, request, path)
    except ServiceError:
        if route.ends_session:
            context.require_identity()
        raise


@dataclass(frozen=True, slots=True)
class _Call:
    """An authorised and validated request, and how its service is called."""

    route: Route
    override: RouteOverride
    backends: Backends
    context: RequestContext
    message: Message

    def run(self, request_key: str | None = None) -> Message:
        """Call the service and build the response."""
        result, self.context.replayed = self.backends.rpc.call(
            self.override.target,
            self.message,
            caller=self.context.caller(),
            deadline=self.override.deadline,
            request_key=request_key,
        )
        reply = self.route.reply.model_validate(result)
        build = self.route.build_response
        return reply if build is None else build(self.backends, self.context, reply)

    def compute(self, key: CacheKey | None) -> CachedResponse:
        """Return the response to cache under a key."""
        self.context.cache_key = key
        reply = self.run()
        return cached_response(_json(reply), _next_link(self.message, reply))


def _response(route: Route, message: Message, reply: Message) -> Response:
    if route.status == 204:  # noqa: PLR2004 - No Content
        return Response(status=204)
    found = {"Link": _next_link(message, reply), "Location": route.location.format_map(dict(reply))}
    headers = {name: value for name, value in found.items() if value}
    return Response(_json(reply), route.status, headers, content_type="application/json")


def _cacheable_response(call: _Call) -> Response:
    """Respond and cache the response; concurrent misses of this process share one call."""
    key, override = call.context.cache_key, call.override
    if key and override.cache_seconds:
        response = call.backends.single_flight.run(
            key, call.compute, cache_seconds=override.cache_seconds, deadline=override.deadline
        )
    else:
        response = call.compute(key)
    matches = response.matches_etag(request.headers.get("If-None-Match", ""))
    return Response(b"" if matches else response.body, 304 if matches else 200, response.headers())


def _json(reply: Message) -> bytes:
    return reply.model_dump_json(exclude_unset=True).encode()


def _next_link(message: Message, reply: Message) -> str:
    """Return the Link header of a page that is not the last (RFC 8288): the same query with the next cursor."""
    cursor = getattr(reply, "next", None)
    if cursor is None:
        return ""
    others = {"cursor", *(request.view_args or ())}
    query = {name: value for name, value in given_fields(message).items() if name not in others}
    return f'<{request.path}?{urlencode({"cursor": cursor} | query)}>; rel="next"'
