"""What a client sent, as the request of a route's contract: from path, query or body."""

import json
from typing import Any

from flask import Request

from chassis.contract import Message, is_id
from chassis.contract.validation import validate, validate_strings
from chassis.errors import Invalid, NotFound
from gateway.http import problems
from gateway.routing.route import Route

MAX_BODY = 1 << 20  # bytes
DRAIN = 20 << 20  # bytes of a larger body that are read and thrown away, so that the client hears the refusal

_IDS = {"id", "token"}  # parameters of paths that have the form of an id


def message(route: Route, http: Request, path: dict[str, str]) -> Message:
    """Build the request's contract; what the path says counts more than the same field elsewhere."""
    if not all(is_id(value) for name, value in path.items() if name in _IDS):
        raise NotFound("There is nothing under this id.")
    if http.method in {"GET", "HEAD"} or route.fields_in == "query":
        return validate_strings(route.request, http.args.to_dict() | path)
    if route.fields_in == "path":
        return validate_strings(route.request, path)
    return validate(route.request, _json_object(http) | path)


def _json_object(http: Request) -> dict[str, Any]:
    body = body_of(http)
    if not http.is_json:
        raise problems.UnsupportedMedia("Send JSON, with Content-Type: application/json.")
    try:
        fields = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise problems.Malformed("The body is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise Invalid.field("body", "must be a JSON object")
    return fields


def body_of(http: Request) -> bytes:
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
