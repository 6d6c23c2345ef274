"""The errors that a route can return, with examples."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from chassis.errors import (
    Conflict,
    DeadlineExceeded,
    Forbidden,
    Invalid,
    NotFound,
    ServiceError,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from gateway.http import problems
from gateway.http.openapi.headers import GUARDED, references
from gateway.http.openapi.schemas import REF
from gateway.http.problems import Malformed, Problem, TooLarge, UnsupportedMedia
from gateway.routing.route import Access, Route

REQUEST_ID = "05abb1c92aec4ec5a7a87dbeb7081e01"


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """The meaning of an error, examples of it, and its headers beside those of every response."""

    meaning: str
    examples: tuple[ServiceError, ...]
    headers: tuple[str, ...] = ()


KINDS: dict[type[ServiceError], ErrorKind] = {
    Malformed: ErrorKind("The body is not JSON.", (Malformed("The body is not valid JSON."),)),
    Unauthenticated: ErrorKind(
        "No token, or an invalid one.",
        (
            Unauthenticated("Sign in first."),
            Unauthenticated("This token is not valid (any more). Sign in again.", "invalid_token"),
        ),
        ("WWW-Authenticate",),
    ),
    Forbidden: ErrorKind("For staff only.", (Forbidden("This is for staff."),)),
    NotFound: ErrorKind(
        "No such resource, or none that the caller may see.", (NotFound("There is nothing under this id."),)
    ),
    Conflict: ErrorKind(
        "The first request with this `Idempotency-Key` is still running.",
        (Conflict("The first request with this key is still running.", "idempotency_key_in_use"),),
    ),
    TooLarge: ErrorKind("The body has more than 1 MiB.", (TooLarge("The body may have 1048576 bytes at most."),)),
    UnsupportedMedia: ErrorKind(
        "The body is not declared as JSON.", (UnsupportedMedia("Send JSON, with Content-Type: application/json."),)
    ),
    Invalid: ErrorKind("`errors` names what is wrong.", (Invalid.field("limit", "must be 1 to 100"),)),
    TooManyRequests: ErrorKind(
        "A limit is reached.", (TooManyRequests("Too many requests; try again later."),), ("Retry-After",)
    ),
    ServiceError: ErrorKind(
        "An error in Baraza; the log has it under the request id.", (ServiceError("Something went wrong here."),)
    ),
    Unavailable: ErrorKind(
        "A dependency is unavailable or too busy, or operators have switched this endpoint off.",
        (
            Unavailable("The service users is not there."),
            Unavailable("This endpoint is switched off at the moment.", "route_disabled"),
        ),
        ("Retry-After",),
    ),
    DeadlineExceeded: ErrorKind(
        "No answer in time. Whether a write was done is unknown; repeat it with the same `Idempotency-Key`.",
        (DeadlineExceeded("There was no answer in time."),),
    ),
}
ALWAYS = (TooManyRequests, ServiceError, Unavailable, DeadlineExceeded)
OF_BODIES = (Malformed, TooLarge, UnsupportedMedia)


def of(route: Route, *, body: bool, fields: bool) -> dict[str, Any]:
    """Return the errors of a route by status; `fields`: whether the request has fields that can be invalid."""
    own: dict[type[ServiceError], list[ServiceError]] = defaultdict(list)
    for error in route.errors:
        own[type(error)].append(error)
    kinds = {*own, *_implied(route, body=body, fields=fields)}
    return {str(kind.status): _answer(kind, own.get(kind)) for kind in sorted(kinds, key=lambda kind: kind.status)}


def components() -> dict[str, Any]:
    """Return the responses that routes refer to."""
    return {kind.__name__: _described(kind, described.meaning, described.examples) for kind, described in KINDS.items()}


def _implied(route: Route, *, body: bool, fields: bool) -> Iterator[type[ServiceError]]:
    """Yield the errors that the gateway itself returns."""
    yield from ALWAYS
    if body:
        yield from OF_BODIES
    if route.access in {Access.USER, Access.STAFF}:
        yield Unauthenticated
    if route.access is Access.STAFF:
        yield Forbidden
    if "<" in route.paths[0]:
        yield NotFound
    if fields or route.idempotent:
        yield Invalid
    if route.idempotent:
        yield Conflict


def _answer(kind: type[ServiceError], own: Sequence[ServiceError] | None) -> dict[str, Any]:
    """Return the route's own description, or a reference to the common one."""
    if own is None:
        return {"$ref": f"#/components/responses/{kind.__name__}"}
    return _described(kind, " ".join(f"`{error.code}`: {error.detail}" for error in own), own)


def _described(kind: type[ServiceError], meaning: str, examples: Sequence[ServiceError]) -> dict[str, Any]:
    return {
        "description": f"{HTTPStatus(kind.status).phrase}. {meaning}",
        "headers": references(*GUARDED, *KINDS[kind].headers),
        "content": {
            problems.CONTENT_TYPE: {
                "schema": {"$ref": REF + Problem.__name__},
                "examples": {
                    example.code: {"value": json.loads(problems.document(example, REQUEST_ID))} for example in examples
                },
            }
        },
    }
