"""The one view function that serves every row of the route table."""

from urllib.parse import urlencode

from flask import Response, request

from chassis.contract import Message
from chassis.errors import Unavailable
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
    message = request_parsing.message(route, request, path)
    route_limits.consume(route, override, backends.limiter, context)
    if route.client_request:
        message = request_parsing.with_client(route.client_request, message, context)
    if route.tags:
        return _serve_cacheable(route, override, backends, context, message)
    given = request.headers.get(idempotency.HEADER)
    with idempotency.request_key(route, override.deadline, backends.lock, context, given) as key:
        reply, replayed = _call(route, override, backends, context, message, request_key=key)
    if route.html_page and rendering.wants_html(request):
        return rendering.render(route.html_page(message))
    if route.download:
        return downloads.response(route.download, backends, reply)
    response = _response(route, message, reply)
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _authorise(route: Route, context: RequestContext) -> None:
    if route.access is Access.USER:
        context.require_identity()
    elif route.access is Access.STAFF:
        context.require_staff()


def _call(  # noqa: PLR0913 - the parts of a call
    route: Route,
    override: RouteOverride,
    backends: Backends,
    context: RequestContext,
    message: Message,
    *,
    request_key: str | None = None,
) -> tuple[Message, bool]:
    """Call the service and build the response; return also whether it is the replayed reply of an earlier call."""
    result, replayed = backends.rpc.call(
        override.target, message, caller=context.caller(), deadline=override.deadline, request_key=request_key
    )
    context.replayed = replayed
    reply = route.reply.model_validate(result)
    return (route.build_response(backends, context, reply) if route.build_response else reply), replayed


def _response(route: Route, message: Message, reply: Message) -> Response:
    if route.status == 204:  # noqa: PLR2004 - No Content
        return Response(status=204, headers={"Cache-Control": "no-store"})
    link = _next_link(message, reply)
    extra = {"Link": link} if link else {}
    return Response(_json(reply), route.status, extra | {"Cache-Control": "no-store"}, content_type="application/json")


def _serve_cacheable(
    route: Route, override: RouteOverride, backends: Backends, context: RequestContext, message: Message
) -> Response:
    """Respond and cache the response; concurrent misses of this process share one call."""

    def compute(key: CacheKey | None) -> CachedResponse:
        context.cache_key = key
        reply, _ = _call(route, override, backends, context, message)
        return cached_response(_json(reply), _next_link(message, reply))

    if context.cache_key and override.cache_seconds:
        response = backends.single_flight.run(
            context.cache_key, compute, cache_seconds=override.cache_seconds, deadline=override.deadline
        )
    else:
        response = compute(context.cache_key)
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
