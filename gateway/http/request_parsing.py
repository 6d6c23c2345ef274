"""Parses a client's request into the request model of its route: from path, query or body."""

import json
from http import HTTPStatus
from typing import Any

import gevent
from flask import Request
from gunicorn.http.errors import NoMoreData, ParseException

from chassis.contract import Message, is_id
from chassis.contract.validation import validate, validate_strings
from chassis.errors import Invalid, NotFound
from gateway.http import problems
from gateway.request.context import RequestContext
from gateway.routing.route import Route

MAX_BODY = 1 << 20  # bytes
BODY_TIME = 20  # seconds in which a body must arrive

_IDS = {"id", "token"}  # path parameters that have the form of an id


class BrokenBody(BaseException):
    """The body did not arrive, or is not valid HTTP, so that the connection cannot be used any more.

    Not an Exception, because Flask would answer those and keep the connection; the guard ends it.
    """

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def message(route: Route, http: Request, path: dict[str, str]) -> Message:
    """Return the request model; path parameters override fields of the same name. Raises Invalid, NotFound."""
    if not all(is_id(value) for name, value in path.items() if name in _IDS):
        raise NotFound("There is nothing under this id.")
    if http.method in {"GET", "HEAD"} or route.fields_in == "query":
        return validate_strings(route.request, http.args.to_dict() | path)
    if route.fields_in == "path":
        return validate_strings(route.request, path)
    return validate(route.request, _json_object(http) | path)


def with_client(model: type[Message], request: Message, context: RequestContext) -> Message:
    """Return the RPC's request: what the client sent, with the client's address, and program if the model has it."""
    return model.model_validate(dict(request) | {"address": context.address, "user_agent": context.user_agent})


def read_body(http: Request) -> bytes:
    """Return the body. Raises TooLarge, or BrokenBody."""
    try:
        with gevent.Timeout(BODY_TIME):
            return _read_body(http)
    except gevent.Timeout:
        raise BrokenBody(HTTPStatus.REQUEST_TIMEOUT, f"The body did not arrive within {BODY_TIME} seconds.") from None
    except (ParseException, NoMoreData):
        raise BrokenBody(HTTPStatus.BAD_REQUEST, "The body is not valid HTTP.") from None


def _read_body(http: Request) -> bytes:
    """Raise TooLarge above MAX_BODY: at once if the length is declared. The worker discards the rest of the body."""
    length = http.content_length or 0
    if length <= MAX_BODY:
        body = http.stream.read(MAX_BODY + 1)
        if len(body) < length:  # gunicorn raises NoMoreData for chunks only
            raise NoMoreData
        if len(body) <= MAX_BODY:
            return body
    raise problems.TooLarge(f"The body may have {MAX_BODY} bytes at most.")


def _json_object(http: Request) -> dict[str, Any]:
    body = read_body(http)
    if not http.is_json:
        raise problems.UnsupportedMedia("Send JSON, with Content-Type: application/json.")
    if http.content_encoding not in {None, "", "identity"}:
        raise problems.UnsupportedMedia("Send the body without Content-Encoding.")
    try:
        fields = json.loads(body, parse_constant=_reject_constant)
    except (ValueError, RecursionError):
        raise problems.Malformed("The body is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise Invalid.field("body", "must be a JSON object")
    return fields


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
