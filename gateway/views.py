"""One view function serves every row of the route table."""

import json
from typing import Any

from flask import Request, Response, request

from chassis.contract import Message, is_id
from chassis.errors import Invalid, NotFound, Unavailable
from chassis.validation import validated, validated_strings
from gateway import pages, problems, showing, throttle, visit
from gateway.backends import Backends
from gateway.request_key import request_key
from gateway.route import Route, Who
from gateway.rules import Rule
from gateway.visit import Visit

MAX_BODY = 1 << 20  # bytes
DRAIN = 20 << 20  # bytes of a larger body that are read and thrown away, so that the client hears the refusal

_IDS = {"id", "token"}  # parameters of paths that have the form of an id


def serve(route: Route, backends: Backends, **path: str) -> Response:
    """Authorise, validate, call, show."""
    guest: Visit = request.environ[visit.KEY]
    guest.route = route.name
    rule = backends.routing.rule(route.name)
    if not rule.enabled:
        raise Unavailable("This endpoint is switched off at the moment.", "route_disabled")
    _authorise(route, guest)
    message = _message(route, request, path)
    throttle.charge(route, rule, backends.counters, guest, message)
    if route.prepare:
        message = route.prepare(guest, message)
    with request_key(route, rule, backends.counters, guest) as key:
        result, replayed = backends.rpc.call(
            rule.target, message, caller=guest.caller(), deadline=rule.deadline, request_key=key
        )
    reply = route.reply.model_validate(result)
    if route.page and showing.wanted(request):
        return showing.page(route.page(message))
    shown = route.view(backends, guest, reply) if route.view else reply
    response = _response(route, rule, backends, guest, shown)
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _authorise(route: Route, guest: Visit) -> None:
    if route.who is Who.USER:
        guest.require_identity()
    elif route.who is Who.STAFF:
        guest.require_staff()


def _message(route: Route, http: Request, path: dict[str, str]) -> Message:
    """Build the request's contract from path, query or body."""
    if not all(is_id(value) for name, value in path.items() if name in _IDS):
        raise NotFound("There is nothing under this id.")
    if http.method in {"GET", "HEAD"} or route.fields_in == "query":
        return validated_strings(route.request, http.args.to_dict() | path)
    if route.fields_in == "path":
        return validated_strings(route.request, path)
    return validated(route.request, _json_object(http))


def _json_object(http: Request) -> dict[str, Any]:
    body = _body(http)
    if not http.is_json:
        raise problems.UnsupportedMedia("Send JSON, with Content-Type: application/json.")
    try:
        fields = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise problems.Malformed("The body is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise Invalid.field("body", "must be a JSON object")
    return fields


def _body(http: Request) -> bytes:
    """Read at most MAX_BODY; of more, read on for a while, because nobody listens while they are still speaking."""
    body = http.stream.read(MAX_BODY + 1)
    if len(body) <= MAX_BODY:
        return body
    for _ in range(DRAIN // MAX_BODY):
        if not http.stream.read(MAX_BODY):
            break
    raise problems.TooLarge(f"The body may have {MAX_BODY} bytes at most.")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _response(route: Route, rule: Rule, backends: Backends, guest: Visit, shown: Message) -> Response:
    if route.status == 204:  # noqa: PLR2004 - No Content
        return Response(status=204, headers={"Cache-Control": "no-store"})
    body = shown.model_dump_json(exclude_unset=True).encode()
    link = _next_link(shown)
    if route.tag is None:
        extra = {"Link": link} if link else {}
        return Response(body, route.status, extra | {"Cache-Control": "no-store"}, content_type="application/json")
    answer = pages.answer(body, link)
    if guest.page_key and rule.cache_seconds:
        backends.counters.keep_page(guest.page_key, answer.packed(), rule.cache_seconds)
    known = answer.known_to(request.headers.get("If-None-Match", ""))
    return Response(b"" if known else body, 304 if known else 200, answer.headers())


def _next_link(shown: Message) -> str:
    """Return the Link header of a page that is not the last (RFC 8288)."""
    cursor = getattr(shown, "next", None)
    if cursor is None:
        return ""
    limit = request.args.get("limit")
    return f'<{request.path}?cursor={cursor}{f"&limit={limit}" if limit else ""}>; rel="next"'
