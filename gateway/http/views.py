"""One view function serves every row of the route table."""

from urllib.parse import urlencode

from flask import Response, request

from chassis.contract import Message
from chassis.errors import Unavailable
from chassis.observability import tracing
from gateway import request_context
from gateway.backends import Backends
from gateway.cache import response_cache
from gateway.html import rendering
from gateway.http import request_parsing
from gateway.limits import route_limits
from gateway.limits.idempotency import request_key
from gateway.request_context import Visit
from gateway.routing.overrides import Rule
from gateway.routing.route import Route, Who


def serve(route: Route, backends: Backends, **path: str) -> Response:
    """Serve a request for a row."""
    with tracing.span(f"{route.method} {route.paths[0]}", "SERVER"):
        return _serve(route, backends, path)


def _serve(route: Route, backends: Backends, path: dict[str, str]) -> Response:
    """Authorise, validate, call, show."""
    guest: Visit = request.environ[request_context.KEY]
    guest.route = route.name
    rule = backends.routing.rule(route.name)
    if not rule.enabled:
        raise Unavailable("This endpoint is switched off at the moment.", "route_disabled")
    _authorise(route, guest)
    message = request_parsing.message(route, request, path)
    route_limits.charge(route, rule, backends.counters, guest, message)
    if route.prepare:
        message = route.prepare(guest, message)
    if route.tag is not None:
        return _page(route, rule, backends, guest, message)
    with request_key(route, rule, backends.counters, guest) as key:
        shown, replayed = _shown(route, rule, backends, guest, message, deadline=rule.deadline, request_key=key)
    if route.page and rendering.wanted(request):
        return rendering.page(route.page(message))
    response = _response(route, shown)
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _authorise(route: Route, guest: Visit) -> None:
    if route.who is Who.USER:
        guest.require_identity()
    elif route.who is Who.STAFF:
        guest.require_staff()


def _shown(  # noqa: PLR0913 - a call has that many parts
    route: Route,
    rule: Rule,
    backends: Backends,
    guest: Visit,
    message: Message,
    *,
    deadline: float,
    request_key: str | None = None,
) -> tuple[Message, bool]:
    """Call, and make of the reply what clients see; say whether it is the replayed reply of an earlier call."""
    result, replayed = backends.rpc.call(
        rule.target, message, caller=guest.caller(), deadline=deadline, request_key=request_key
    )
    reply = route.reply.model_validate(result)
    return (route.view(backends, guest, reply) if route.view else reply), replayed


def _response(route: Route, shown: Message) -> Response:
    if route.status == 204:  # noqa: PLR2004 - No Content
        return Response(status=204, headers={"Cache-Control": "no-store"})
    link = _next_link(route, shown)
    extra = {"Link": link} if link else {}
    return Response(_json(shown), route.status, extra | {"Cache-Control": "no-store"}, content_type="application/json")


def _page(route: Route, rule: Rule, backends: Backends, guest: Visit, message: Message) -> Response:
    """Answer with a page that is kept for others; of several who miss it at the same time one makes it for all."""

    def make(deadline: float) -> response_cache.Answer:
        shown, _ = _shown(route, rule, backends, guest, message, deadline=deadline)
        return response_cache.answer(_json(shown), _next_link(route, shown))

    if guest.page_key and rule.cache_seconds:
        answer = backends.flights.page(guest.page_key, make, keep=rule.cache_seconds, deadline=rule.deadline)
    else:
        answer = make(rule.deadline)
    known = answer.known_to(request.headers.get("If-None-Match", ""))
    return Response(b"" if known else answer.body, 304 if known else 200, answer.headers())


def _json(shown: Message) -> bytes:
    return shown.model_dump_json(exclude_unset=True).encode()


def _next_link(route: Route, shown: Message) -> str:
    """Return the Link header of a page that is not the last (RFC 8288): the same question with the next cursor."""
    cursor = getattr(shown, "next", None)
    if cursor is None:
        return ""
    own = route.request.model_fields.keys() - {"cursor"}
    asked = {name: value for name, value in request.args.items() if name in own}
    return f'<{request.path}?{urlencode({"cursor": cursor} | asked)}>; rel="next"'
